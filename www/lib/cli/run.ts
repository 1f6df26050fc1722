/** `pagefault run` and `check`: scripts and logs. */
import { writeFileSync } from 'node:fs';
import { type Explanation, ScriptError, type ScriptSession, type StepReport, type TextKind, type Verdict, joinLogs, openScript, recogniseText } from '../node.ts';
import { EXIT, type Exit, Trouble, blue, bold, dim, flush, green, print, progress, red, textOf, yellow } from './out.ts';
import { chromeTrace } from './trace.ts';

export interface RunOptions {
  readonly as?: TextKind;
  readonly maps?: boolean;
  readonly smaps?: boolean;
  readonly explain?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly trace?: string;
  readonly until?: number;
}

/** Statements between two looks at the clock. */
const SLICE = 2000;

/** Reads a file as a script. */
export async function open(file: string, kind?: TextKind): Promise<ScriptSession> {
  return opened(file, await textOf(file), kind);
}

/** The files of `strace -ff -o NAME`, which end in the number of a process. */
async function openLogs(files: readonly string[], kind?: TextKind): Promise<ScriptSession> {
  const other = files.find((file) => !/\.\d+$/.test(file));
  if (other !== undefined) throw new Trouble(`${other}: several files are one log only as strace -ff -o NAME writes them, NAME.1234 for each process; run the others one by one, or check them`);
  const { text } = await joinLogs(await Promise.all(files.map(async (name) => ({ name, text: await textOf(name) }))));
  return opened(files[0]!, text, kind);
}

async function opened(file: string, text: string, kind?: TextKind): Promise<ScriptSession> {
  try {
    return await openScript(text, { kind });
  } catch (error) {
    const found = kind ?? await recogniseText(text);
    if (error instanceof ScriptError && (found === 'maps' || found === 'smaps')) {
      const name = file === '-' ? 'FILE' : file;
      throw new Trouble(`${file}: this is the output of cat /proc/PID/${found}: it has no calls to run. pagefault audit ${name} tells why it has as many areas as it has and what they cost, pagefault convert ${name} makes a script of it`);
    }
    throw troubleOf(error, file);
  }
}

function troubleOf(error: unknown, file: string): unknown {
  if (!(error instanceof ScriptError)) return error;
  const shown = error.errors.slice(0, 20).map(({ line, column, message }) => `${file}:${line}:${column}: ${message.replace(/^line \d+, column \d+: /, '')}`);
  if (error.errors.length > 20) shown.push(`${file}: and ${error.errors.length - 20} more`);
  return new Trouble(shown.join('\n'));
}

/** Runs on until a position; after each slice what came of it is handed on. */
function runTo(session: ScriptSession, file: string, end: number, slice: number, each: (step: number, report: StepReport) => boolean | void): void {
  const tell = progress(file);
  try {
    while (session.position < end) {
      const from = session.position;
      session.runSlice(Math.min(slice, end - from));
      for (const [i, report] of session.reportsOf(from, session.position).entries()) if (each(from + i, report) === false) return;
      tell(session.position, end);
      if (session.position === from) return;
    }
  } catch (error) {
    throw troubleOf(error, file);
  } finally {
    tell(1, 1);
  }
}

const expectation = (report: StepReport): string[] => report.differences.map(({ field, expected, found, excuse, cause }) => {
  const more = [excuse && `(${excuse})`, cause && `(${cause})`].filter(Boolean).join(' ');
  return `${field}: expected ${green(expected)}, found ${red(found)}${more ? ` ${dim(more)}` : ''}`;
});

function line(report: StepReport): string {
  const { kind, result, pid, call, why } = report;
  const shown = kind === 'ok' ? result : kind === 'skipped' ? dim('not replayed') : yellow(result);
  return `${dim(String(report.line).padStart(5))}  ${pid === null ? '' : blue(`[${pid}] `)}${bold(call)} = ${shown}${why ? dim(`  ${why}`) : ''}`;
}

function tree(told: Explanation): void {
  print(`       ${told.sentence}`);
  for (const each of told.tree) print(dim(`       ${'  '.repeat(each.depth)}${each.text}${each.note ? `  ${each.note}` : ''}`));
}

function verdictLine(verdict: Verdict): string {
  return verdict.green ? green(verdict.text) : verdict.equal ? verdict.text : red(verdict.text);
}

/** Runs a file and prints what comes of it. */
export async function run(files: readonly string[], options: RunOptions): Promise<Exit> {
  const file = files[0]!;
  const session = await (files.length === 1 ? open(file, options.as) : openLogs(files, options.as));
  const end = Math.min(options.until ?? session.length, session.length);
  const wantsSteps = options.explain || options.trace !== undefined;
  const told: (Explanation | null)[] = [];
  const json: object[] = [];
  runTo(session, file, end, wantsSteps ? 1 : SLICE, (step, report) => {
    const explanation = wantsSteps ? session.explain(step) : null;
    if (options.trace !== undefined) told.push(explanation);
    if (options.json) {
      json.push(explanation && options.explain ? { ...report, sentence: explanation.sentence, tree: explanation.tree } : report);
      return;
    }
    if (options.quiet && report.differences.length === 0) return;
    print(line(report));
    for (const each of expectation(report)) print(`       ${each}`);
    if (explanation && options.explain) tree(explanation);
  });
  const verdict = session.verdict();
  const living = session.processes().filter(({ ended }) => ended === null).map(({ pid }) => pid);
  const texts = [options.maps && 'maps', options.smaps && 'smaps'].filter((kind) => kind === 'maps' || kind === 'smaps');
  const pictures = texts.flatMap((kind) => living.map((pid) => ({ pid, kind, text: session[kind](pid) })));
  if (options.json) {
    const aside = session.setAside();
    print(JSON.stringify({ file, kind: session.kind, steps: json, verdict, setAside: aside, ...(pictures.length > 0 ? { proc: pictures } : {}) }));
  } else {
    for (const { pid, kind, text } of pictures) print(`${bold(`/proc/${pid}/${kind}`)}\n${text.trimEnd()}`);
    if (verdict.compared > 0 || session.isLog) print(verdictLine(verdict));
  }
  if (options.trace !== undefined) {
    try {
      writeFileSync(options.trace, JSON.stringify(chromeTrace(file, session.reports(), told)));
    } catch (error) {
      throw new Trouble(`${options.trace}: cannot be written: ${(error as Error).message}`);
    }
  }
  session.free();
  return verdict.differences > verdict.excused || verdict.stopped !== null ? EXIT.DIFFERS : EXIT.OK;
}

/** Compares files with what they expect; ends at the first result that is not as expected. */
export async function check(files: readonly string[], options: { readonly as?: TextKind; readonly json?: boolean; readonly 'keep-going'?: boolean }): Promise<Exit> {
  let worst: Exit = EXIT.OK;
  for (const file of files) {
    const session = await open(file, options.as);
    let first: StepReport | undefined;
    runTo(session, file, session.length, SLICE, (_, report) => {
      if (!report.differences.some(({ excuse }) => excuse === '')) return true;
      first ??= report;
      return false;
    });
    const verdict = session.verdict();
    const isEmpty = verdict.compared === 0;
    const passed = first === undefined && !isEmpty && verdict.stopped === null;
    const why = first ? 'something is not as expected' : isEmpty ? 'nothing is expected in it: a file that compares nothing does not pass' : verdict.stopped !== null ? `line ${verdict.stopped} cannot be run` : verdict.text;
    if (options.json) print(JSON.stringify({ file, passed, compared: verdict.compared, why: passed ? verdict.text : why, first: first ? { line: first.line, call: first.call, result: first.result, why: first.why, differences: first.differences } : null }));
    else {
      print(`${passed ? green('✓') : red('✗')} ${file}: ${passed ? verdict.text : why}`);
      if (first) {
        print(`${file}:${first.line}: ${line(first).trim()}`);
        for (const each of expectation(first)) print(`  ${each}`);
      }
    }
    session.free();
    flush();
    if (!passed) worst = EXIT.DIFFERS;
    if (!passed && !options['keep-going']) break;
  }
  return worst;
}
