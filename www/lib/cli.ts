#!/usr/bin/env node
/** The command `pagefault`. */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { TextKind } from './session.ts';

const HELP = `pagefault: Linux's memory manager, for scripts, logs and maps

usage: pagefault COMMAND [OPTIONS] FILE…        (- is standard input)

  run FILE       runs a script or a log (strace, qemu, perf) and prints each result
  check FILE…    compares with what is expected; ends at the first result that is not so
  audit MAPS     why an address space has as many areas as it has, and what they cost
  diff A B       what changed between two texts of maps or smaps, as calls
  convert FILE   a log, or maps, as a script; a script as a C program that checks itself
  repl [FILE]    a console; FILE is run first

pagefault COMMAND --help tells the options of each; --version the version.

exit codes: 0 as expected, 1 something differs or does not pass, 2 cannot be read or run, or was asked wrongly.
Colours only on a terminal, and not with NO_COLOR.`;

interface Command {
  readonly help: string;
  readonly options: NonNullable<ParseArgsConfig['options']>;
  readonly files: readonly [least: number, most: number];
}

const AS = { as: { type: 'string' } } as const;
const JSON_OPTION = { json: { type: 'boolean' } } as const;
const COMMANDS: Readonly<Record<string, Command>> = {
  run: {
    help: `usage: pagefault run [OPTIONS] FILE|-
       pagefault run [OPTIONS] LOG.PID…

Runs a script or a log and prints what each call gives; then how it compares with what the file expects. The files of
strace -ff -o LOG, one a process, are one log: with -ttt their calls have an order.

  --as KIND       what the file is: script, strace, qemu, perf, maps, smaps (else it is guessed)
  --until N       only the first N statements
  --quiet         only what is not as expected
  --maps          /proc/PID/maps of every living process at the end
  --smaps         /proc/PID/smaps likewise
  --explain       each step: a sentence and the kernel's call tree
  --trace FILE    writes the run for Perfetto or chrome://tracing; a microsecond is one event
  --json          one object: steps, verdict, lines set aside

exit codes: 0 as expected (or nothing is), 1 something differs, 2 cannot be read or run`,
    options: { ...AS, ...JSON_OPTION, until: { type: 'string' }, quiet: { type: 'boolean' }, maps: { type: 'boolean' }, smaps: { type: 'boolean' }, explain: { type: 'boolean' }, trace: { type: 'string' } },
    files: [1, Infinity],
  },
  check: {
    help: `usage: pagefault check [OPTIONS] FILE…

Compares each file with what it expects, and ends at the first result that is not so, with its line and the difference.
A file that expects nothing does not pass.

  --as KIND       what the files are: script, strace, qemu, perf (else it is guessed)
  --keep-going    goes on with the next file
  --json          one object a file

exit codes: 0 all pass, 1 one does not, 2 cannot be read or run`,
    options: { ...AS, ...JSON_OPTION, 'keep-going': { type: 'boolean' } },
    files: [1, Infinity],
  },
  audit: {
    help: `usage: pagefault audit [--json] MAPS|-

Why neighbours in a text of /proc/PID/maps or smaps are not one area, and what that costs.

exit codes: 0 read, 2 no line of maps in it`,
    options: JSON_OPTION,
    files: [1, 1],
  },
  diff: {
    help: `usage: pagefault diff [--json] BEFORE AFTER

What changed between two texts of /proc/PID/maps or smaps, as calls that were tried on the emulator.

exit codes: 0 nothing changed, 1 something did, 2 cannot be read`,
    options: JSON_OPTION,
    files: [2, 2],
  },
  convert: {
    help: `usage: pagefault convert [--to script|c] FILE|-

A log, or maps, as a script on standard output. With --to c, a script as one C file that asks
the kernel on which it runs the same, and tells each answer that is otherwise; what cannot be one says why.

exit codes: 0 written, 2 cannot be`,
    options: { to: { type: 'string' } },
    files: [1, 1],
  },
  repl: {
    help: `usage: pagefault repl [FILE]

A console: statements of the script language, completion by Tab, history, .help for what else there is. FILE, a script, is
run first. Without a terminal it reads statements from standard input.

exit codes: 0, or without a terminal 1 if a statement failed`,
    options: {},
    files: [0, 1],
  },
};

const KINDS = ['script', 'strace', 'qemu', 'perf', 'maps', 'smaps'];

function usage(message: string): 2 {
  process.stderr.write(`pagefault: ${message}\n`);
  return 2;
}

/** Runs the command; its exit code. */
export async function main(words: readonly string[]): Promise<number> {
  const [name, ...rest] = words;
  if (name === undefined) {
    process.stderr.write(`${HELP}\n`);
    return 2;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    const of = rest[0] === undefined ? undefined : COMMANDS[rest[0]];
    process.stdout.write(`${of?.help ?? HELP}\n`);
    return 0;
  }
  if (name === '--version' || name === '-V') {
    process.stdout.write(`${(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version}\n`);
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) return usage(`${name} is not a command: one of ${Object.keys(COMMANDS).join(', ')} (pagefault --help)`);
  let values: Record<string, string | boolean | undefined>;
  let files: string[];
  try {
    const parsed = parseArgs({ args: rest, options: { ...command.options, help: { type: 'boolean', short: 'h' } }, allowPositionals: true });
    [values, files] = [parsed.values as typeof values, parsed.positionals];
  } catch (error) {
    return usage(`${name}: ${(error as Error).message.split('\n')[0]!.replace(/\. To specify.*/, '')} (pagefault ${name} --help)`);
  }
  if (values.help) {
    process.stdout.write(`${command.help}\n`);
    return 0;
  }
  const [least, most] = command.files;
  if (files.length < least || files.length > most) return usage(`${name}: ${files.length === 0 ? 'no file is given' : `${files.length} files are given`} (pagefault ${name} --help)`);
  if (values.as !== undefined && !KINDS.includes(values.as as string)) return usage(`${name}: --as ${String(values.as)}: one of ${KINDS.join(', ')}`);
  const until = values.until === undefined ? undefined : Number(values.until);
  if (until !== undefined && !(Number.isInteger(until) && until >= 0)) return usage(`${name}: --until ${String(values.until)}: a number of statements is wanted`);
  // Functions of the core that are never called are never compiled, and what a command does not need is not loaded.
  setFlagsFromString('--wasm-lazy-compilation');
  const { Trouble, flush } = await import('./cli/out.ts');
  try {
    return await start(name, files, { ...values, until, as: values.as as TextKind | undefined });
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    flush();
    process.stderr.write(`${error.message}\n`);
    return 2;
  } finally {
    flush();
  }
}

async function start(name: string, files: readonly string[], values: Record<string, unknown>): Promise<number> {
  const [first, second] = files as [string, string];
  const json = values.json === true;
  switch (name) {
    case 'run': return (await import('./cli/run.ts')).run(files, values);
    case 'check': return (await import('./cli/run.ts')).check(files, values);
    case 'audit': return (await import('./cli/dumps.ts')).audit(first, json);
    case 'diff': return (await import('./cli/dumps.ts')).diff(first, second, json);
    case 'convert': return (await import('./cli/dumps.ts')).convert(first, (values.to as string | undefined) ?? 'script');
    default: {
      const { textOf } = await import('./cli/out.ts');
      return (await import('./cli/repl.ts')).repl(first, first === undefined ? '' : await textOf(first));
    }
  }
}

void main(process.argv.slice(2)).then((code) => { process.exitCode = code; });
