/** `pagefault audit`, `diff` and `convert`: texts of /proc/PID/maps and smaps, logs. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Dump, type DumpChanges, ScriptError, type ScriptSession, diffDumps, dumpToScript, openScript, readDump, recogniseText } from '../node.ts';
import { EXIT, type Exit, Trouble, bold, dim, green, print, red, textOf, yellow } from './out.ts';

const count = (value: number): string => value.toLocaleString('en-US');

/** Borders by reason, and what each costs. */
function tell(dump: Dump): void {
  const { audit, costs, label } = dump;
  if (label) print(bold(label));
  print(dump.summary);
  if (audit.groups.length > 0) print('\nWhy neighbours are not one area:');
  for (const group of audit.groups) {
    print(`${count(group.count).padStart(8)}  ${bold(group.title)}${group.saves > 0 ? `, ${yellow(`${count(group.saves)} areas fewer`)} without` : ''}`);
    print(dim(`          ${group.example}`));
    if (group.advice) print(`          ${group.advice}`);
  }
  if (audit.guards) print(`\n${count(audit.guards.count)} guard pages are areas of their own; guard regions (MADV_GUARD_INSTALL) would make ${count(audit.guards.saves)} areas fewer.`);
  if (!costs.counted) return;
  print('\nWhat it costs, in KiB:\n       Rss       Pss       Uss  areas');
  const row = (name: string, of: typeof costs.total, areas: number) => print(`${[of.rss, of.pss, of.uss].map((value) => count(value).padStart(10)).join('')}  ${count(areas).padStart(5)}  ${name}`);
  for (const each of costs.names.slice(0, 12)) row(each.name, each.costs, each.areas);
  row(bold('all'), costs.total, audit.areas);
}

/** A text without areas, and what it is instead if that is known. */
async function notADump(file: string, text: string): Promise<Trouble> {
  const none = `${file} has no line of /proc/PID/maps`;
  try {
    (await openScript(text)).free();
    return new Trouble(none);
  } catch (error) {
    const known = error instanceof ScriptError ? error.errors[0]?.message.match(/this (?:looks like|is) .*/s)?.[0] : undefined;
    return new Trouble(known === undefined ? none : `${none}: ${known}`);
  }
}

/** Why an address space has as many areas as it has. */
export async function audit(file: string, json: boolean): Promise<Exit> {
  const text = await textOf(file);
  const reading = await readDump(text);
  if (reading.dumps.length === 0) throw await notADump(file, text);
  if (json) {
    print(JSON.stringify(reading));
    return EXIT.OK;
  }
  for (const [i, dump] of reading.dumps.entries()) {
    if (i > 0) print('');
    tell(dump);
  }
  if (reading.setAside.length > 0) print(`\nLeft out:\n${reading.setAside.slice(0, 20).map(({ line, text, reason }) => `  line ${line}, ${reason}: ${text}`).join('\n')}`);
  return EXIT.OK;
}

function tellChanges(changes: DumpChanges): void {
  if (changes.twoProcesses) print('These are two processes, not one at two moments: their stacks lie at different places.\n');
  for (const { call, why } of changes.calls) print(`${bold(call)}\n    ${dim(why)}`);
  print(`\nMade on the emulator, these calls yield ${changes.unexplained.length === 0 ? green('every line') : yellow(`${changes.equal} of ${changes.lines} lines`)} of the second.`);
  for (const line of changes.unexplained) print(`  ${line.startsWith('-') || line.startsWith('−') ? red(line) : green(line)}`);
}

/** What changed between two texts: 1 if something did. */
export async function diff(from: string, to: string, json: boolean): Promise<Exit> {
  const changes = await diffDumps(await textOf(from), await textOf(to));
  if (!changes) throw new Trouble('one of the texts has no line of /proc/PID/maps');
  const isSame = changes.calls.length === 0 && changes.unexplained.length === 0;
  if (json) print(JSON.stringify(changes));
  else if (isSame) print('Nothing changed.');
  else tellChanges(changes);
  return isSame ? EXIT.OK : EXIT.DIFFERS;
}

/** A log or maps as a script, or any of these as a program in C. */
export async function convert(file: string, to: string): Promise<Exit> {
  if (to !== 'script' && to !== 'c') throw new Trouble(`convert --to ${to}: script and c are known`);
  const text = await textOf(file);
  print(to === 'c' ? await toC(file, text) : await toScript(file, text));
  return EXIT.OK;
}

/** A script as one C file that checks itself. */
async function toC(file: string, text: string): Promise<string> {
  const { initSync, scriptToC } = await import('../wasm/kit.js');
  initSync({ module: await readFile(new URL('../kit.wasm', import.meta.url)) });
  try {
    return scriptToC(file === '-' ? 'script.pf' : basename(file), text).trimEnd();
  } catch (why) {
    throw new Trouble(`${file}: it cannot be a program in C: ${String(why)}`);
  }
}

async function toScript(file: string, text: string): Promise<string> {
  const kind = await recogniseText(text);
  if (kind === 'maps' || kind === 'smaps') {
    const script = await dumpToScript(text);
    if (script === null) throw new Trouble(`${file} has no line of /proc/PID/maps`);
    return script.trimEnd();
  }
  return kind === 'script' ? text.trimEnd() : logToScript(file, text, kind);
}

/** A log as a script. It is run again to see that it is compared as the log is. */
async function logToScript(file: string, text: string, kind: 'strace' | 'qemu' | 'perf'): Promise<string> {
  const told = (session: ScriptSession): string => {
    for (let from = -1; from < session.position && session.position < session.length;) {
      from = session.position;
      session.runSlice(100_000);
    }
    const { compared, differences, excused } = session.verdict();
    return [compared, differences, excused].join();
  };
  try {
    const log = await openScript(text, { kind });
    const ofLog = told(log);
    const script = log.asScript().trimEnd();
    log.free();
    const again = await openScript(script, { kind: 'script' });
    const ofScript = told(again);
    again.free();
    if (ofLog !== ofScript) throw new Trouble(`${file}: as a script it would be compared otherwise than the log is (${ofScript} against ${ofLog} calls that are compared, differ, are excused): give the log itself to run and check`);
    return script;
  } catch (error) {
    throw error instanceof ScriptError ? new Trouble(`${file}: ${error.errors[0]?.message ?? error.message}`) : error;
  }
}
