// `npm run replay -- [--json] [--first] [--all] [--as KIND] [--together] FILE…`: replays programs on the emulator and compares with
// what was recorded; `--first` prints one difference of each process instead of all. A FILE is a recording (.jsonl of programs, .mm.jsonl of a real program), a log, with the maps of its run
// beside it or without (NAME-maps.json), or a script; which of these is told by what stands in it. `--together` takes
// the files for those of one `strace -ff`.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { convertFile } from '../tests/oracle/convert.mjs';
import { collect, main } from './lib/run.mjs';
import { tool } from './lib/tool.mjs';

const USAGE = 'usage: npm run replay -- [--json] [--first] [--all] [--as KIND] [--together] FILE…   (.jsonl, .mm.jsonl, a log, or a script)';
/** A command line holds only so much. */
const AT_ONCE = 200;

/** Writes the scripts of a file into a folder; their names. Programs that cannot be read are told of, and left out. */
function scriptsOf(file, folder, tell) {
  const name = basename(file);
  const isRecording = name.endsWith('.jsonl') || (name.endsWith('.strace') && existsSync(`${file}-maps.json`));
  if (!isRecording) {
    writeFileSync(join(folder, name), readFileSync(file));
    return [name];
  }
  mkdirSync(join(folder, name), { recursive: true });
  return convertFile(file).flatMap(({ program, text, error }) => {
    if (error) {
      tell(`${name}, ${program}`, error);
      return [];
    }
    writeFileSync(join(folder, name, program), text);
    return [`${name}/${program}`];
  });
}

/** The options, which are handed on, and the files. */
function argumentsOf(words) {
  const options = [];
  const files = [];
  for (let at = 0; at < words.length; at++) {
    if (words[at] === '--as') options.push('--as', words[++at] ?? '');
    else (words[at].startsWith('--') ? options : files).push(words[at]);
  }
  return { options, files };
}

main(async () => {
  const { options, files } = argumentsOf(process.argv.slice(2));
  const json = options.includes('--json');
  if (files.length === 0) {
    console.error(USAGE);
    process.exitCode = 2;
    return;
  }
  const replay = await tool('replay');
  if (options.includes('--together')) {
    const { status, text } = await collect(replay, [...options, ...files.map((file) => resolve(file))]);
    process.stdout.write(text);
    process.exitCode = status ?? 2;
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'pagefault-replay-'));
  let code = 0;
  try {
    for (const [place, file] of files.entries()) {
      // Files of one name may come from several folders.
      const own = join(folder, String(place));
      mkdirSync(own);
      const tell = (where, why) => {
        console.log(json ? JSON.stringify({ file: where, error: why }) : `${where}: ${why}`);
        code = 2;
      };
      let scripts = [];
      try {
        scripts = scriptsOf(file, own, tell);
      } catch (error) {
        tell(file, error.message);
      }
      for (let at = 0; at < scripts.length; at += AT_ONCE) {
        const { status, text } = await collect(replay, [...options, ...scripts.slice(at, at + AT_ONCE)], { cwd: own });
        process.stdout.write(text);
        code = Math.max(code, status ?? 2);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  process.exitCode = code;
});
