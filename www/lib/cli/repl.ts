/** `pagefault repl`: a console. Statements of the script language are run as they are typed. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { appendFileSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { SYS, ScriptError, openScript } from '../node.ts';
import { EXIT, type Exit, blue, bold, dim, flush, print, red, yellow } from './out.ts';

const COMMANDS: Readonly<Record<string, string>> = {
  '.maps [PID]': '/proc/PID/maps', '.smaps [PID]': '/proc/PID/smaps', '.meminfo': '/proc/meminfo', '.walk ADDR': 'the page walk of an address',
  '.explain': 'what happened inside the last statement', '.back [N]': 'undoes N statements', '.processes': 'every process', '.help': 'this', '.exit': 'ends (or Ctrl-D)',
};
const CALLS = [...Object.keys(SYS), 'load', 'store', 'execute', 'touch_read', 'touch_write', 'preadto', 'pwritefrom', 'repeat'];
const CONSTANTS = ['PROT_READ', 'PROT_WRITE', 'PROT_EXEC', 'PROT_NONE', 'MAP_PRIVATE', 'MAP_SHARED', 'MAP_ANONYMOUS', 'MAP_FIXED', 'MAP_FIXED_NOREPLACE', 'MAP_POPULATE', 'MAP_GROWSDOWN', 'MAP_NORESERVE', 'MREMAP_MAYMOVE', 'MREMAP_FIXED', 'MREMAP_DONTUNMAP', 'MADV_DONTNEED', 'MADV_FREE', 'MADV_WILLNEED', 'MADV_GUARD_INSTALL', 'MADV_GUARD_REMOVE', 'MS_SYNC', 'O_RDWR', 'O_CREAT', 'NULL'];

/** Words that the one at the end of a line may become. */
export function complete(line: string, names: readonly string[]): [string[], string] {
  const word = /[.\w]*$/.exec(line)![0];
  const all = line.trimStart().startsWith('.') ? Object.keys(COMMANDS).map((each) => each.split(' ')[0]!) : [...names, ...CALLS.map((each) => `${each}(`), ...CONSTANTS];
  return [word === '' ? [] : all.filter((each) => each.startsWith(word)), word];
}

export async function repl(file: string | undefined, header: string): Promise<Exit> {
  const session = await openScript(header, { kind: 'script' });
  session.goTo(session.length);
  const names = new Set<string>();
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const place = join(homedir(), '.pagefault_history');
  let history: string[] = [];
  if (isTerminal) {
    try {
      history = readFileSync(place, 'utf8').split('\n').filter(Boolean).slice(-1000).reverse();
    } catch { /* The first time there is none. */ }
    print(`pagefault: statements such as ${bold('a = mmap(NULL, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)')}; .help tells more.`);
    flush();
  }
  const lines = createInterface({ input: process.stdin, output: isTerminal ? process.stdout : undefined, terminal: isTerminal, history, historySize: 1000, prompt: '> ', completer: (line: string) => complete(line, [...names]) });
  let last: number | null = null;
  let failed = false;
  const command = (line: string): boolean => {
    const [name, argument] = line.slice(1).split(/\s+/, 2) as [string, string | undefined];
    const living = session.processes().filter(({ ended }) => ended === null).map(({ pid }) => pid);
    const pid = argument === undefined ? living[0] ?? 1 : Number(argument);
    const step = session.position - 1;
    switch (name) {
      case 'maps': print(session.maps(pid).trimEnd()); break;
      case 'smaps': print(session.smaps(pid).trimEnd()); break;
      case 'meminfo': print(session.meminfo().trimEnd()); break;
      case 'processes': for (const each of session.processes()) print(`${each.pid}  ${each.ended ?? 'lives'}  ${each.rss} pages resident, ${each.minFlt} minor and ${each.majFlt} major faults`); break;
      case 'walk': {
        const walk = session.walk(living[0] ?? 1, BigInt(argument ?? '0'));
        for (const level of walk?.levels ?? []) print(`${level.name}[${level.index}] ${level.entry} ${level.letters} ${level.note}`);
        break;
      }
      case 'explain': {
        const told = step < 0 ? null : session.explain(step);
        if (told) print(told.sentence);
        for (const each of told?.tree ?? []) print(dim(`${'  '.repeat(each.depth)}${each.text} ${each.note}`.trimEnd()));
        break;
      }
      case 'back': session.goTo(Math.max(0, session.position - (argument === undefined ? 1 : Number(argument)))); break;
      case 'help': for (const [form, what] of Object.entries(COMMANDS)) print(`${form.padEnd(14)} ${what}`); break;
      case 'exit': return false;
      default: print(red(`.${name} is not known; .help tells what is`));
    }
    return true;
  };
  const statement = (line: string): void => {
    session.append(line);
    const [, bound] = /^\s*(?:\[\w+\]\s*)?([A-Za-z_]\w*)\s*=\s*\w+\(/.exec(line) ?? [];
    if (bound) names.add(bound);
    for (const report of session.reportsOf(last ?? 0, session.position)) {
      print(`${report.pid === null ? '' : blue(`[${report.pid}] `)}= ${report.kind === 'ok' ? report.result : yellow(report.result)}${report.why ? dim(`  ${report.why}`) : ''}`);
      for (const each of report.differences) print(red(`  ${each.field}: expected ${each.expected}, found ${each.found}`));
      if (report.differences.length > 0) failed = true;
    }
  };
  if (isTerminal) lines.prompt();
  for await (const line of lines) {
    last = session.position;
    const text = line.trim();
    try {
      if (text.startsWith('.')) {
        if (!command(text)) break;
      } else if (text !== '' && !text.startsWith('#')) statement(line);
    } catch (error) {
      if (!(error instanceof ScriptError || error instanceof RangeError || error instanceof TypeError || error instanceof SyntaxError)) throw error;
      failed = true;
      print(red(error.message.replace(/^line \d+, /, '')));
    }
    if (isTerminal && text !== '') {
      try {
        appendFileSync(place, `${text}\n`, { mode: 0o600 });
      } catch { /* Without a home there is no history. */ }
    }
    flush();
    if (isTerminal) lines.prompt();
  }
  lines.close();
  flush();
  return failed && !isTerminal ? EXIT.DIFFERS : EXIT.OK;
}
