// npm run bench: what the emulator costs, as ratios taken in one run. Rounds are interleaved; medians and
// the spread (the middle half) are printed. `--assert` exits 1 if a median misses its goal. `--markdown`
// prints the table of the README, `--only WORDS` measures the rows that speak of something.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, answers, collect, main, run, say } from './lib/run.mjs';
import { optimise } from './lib/core.mjs';
import { cacheFolder, setUp } from './lib/setup.mjs';

const ROUNDS = 15;
const WARM_UP = 40;
/** Milliseconds. */
const LONGEST_WARM_UP = 5000;
const UNICORN = '2.1.4';
/** Calls on any of many areas in a round: more than there are areas, so that a round sees what caches can hold and
 * not how the row before has left them. */
const RANDOM = 100_000;
/** Lines of the log that is read and replayed in a round. */
const LINES = 10_000;
/** Longer logs: a line of them costs as much as one of the short log, if all is linear. */
const LONGER = [50_000, 200_000];
const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');

const built = join(target, 'wasm32-unknown-unknown', 'release', 'pagefault_bench_wasm.wasm');
const module = built.replace('.wasm', '.opt.wasm');

async function instance() {
  const bytes = readFileSync(module);
  return (await WebAssembly.instantiate(bytes, {})).instance.exports;
}

/** Nanoseconds a round of an exported loop. */
function time(loop, n) {
  const start = process.hrtime.bigint();
  loop(n);
  return Number(process.hrtime.bigint() - start) / n;
}

/** The same for a loop that needs something prepared and put back, which takes no time. */
function timePrepared(loops, name, n) {
  loops[`${name}_before`]?.(n);
  const taken = time(loops[name], n);
  loops[`${name}_after`]?.(n);
  return taken;
}

/** Another program: one question, one answer. */
function asked(command, args = [], env = process.env) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(name, count) {
      child.stdin.write(`${name} ${count}\n`);
      return Number((await lines.next()).value);
    },
    stop: () => child.stdin.end(),
  };
}

const native = () => asked(join(target, 'release', 'pagefault-bench-native'));

/** The Unicorn emulator from PyPI, installed beside the other tools; null where there is no Python. */
async function unicorn() {
  const python = ['python3', 'python'].find((name) => answers(name, ['-m', 'pip', '--version']));
  if (!python) return null;
  const folder = join(cacheFolder(), `unicorn-${UNICORN}`);
  if (!existsSync(folder)) {
    const { status, text } = await collect(python, ['-m', 'pip', 'install', '--quiet', '--target', folder, `unicorn==${UNICORN}`]);
    if (status !== 0) {
      say(`without Unicorn: ${text.trim().split('\n').at(-1)}`);
      rmSync(folder, { recursive: true, force: true });
      return null;
    }
  }
  return asked(python, [join(ROOT, 'tests', 'bench', 'peers', 'unicorn_regions.py')], { ...process.env, PYTHONPATH: folder });
}

/** A guest in the v86 emulator that does nothing but take page faults: what an emulated kernel costs at least. */
const v86 = () => asked(process.execPath, [join(ROOT, 'tests', 'bench', 'peers', 'v86_faults.mjs')]);

function quantile(sorted, q) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}

/** The middle of paired ratios and of both sides. */
function summary(pairs) {
  const sort = (list) => list.toSorted((a, b) => a - b);
  const ratios = sort(pairs.map(([ours, theirs]) => ours / theirs));
  return {
    ratio: quantile(ratios, 0.5), low: quantile(ratios, 0.25), high: quantile(ratios, 0.75),
    ours: quantile(sort(pairs.map(([ours]) => ours)), 0.5), theirs: quantile(sort(pairs.map(([, theirs]) => theirs)), 0.5),
  };
}

/** What follows an option. */
const after = (option) => (process.argv.includes(option) ? process.argv[process.argv.indexOf(option) + 1] ?? '' : '');

main(async () => {
  const only = after('--only');
  await setUp();
  say('building the benchmark');
  await run('cargo', ['build', '--release', '--locked', '-p', 'pagefault-bench-wasm', '--target', 'wasm32-unknown-unknown']);
  await run('cargo', ['build', '--release', '--locked', '-p', 'pagefault-bench-native']);
  await optimise(built, module);
  const kernel = process.platform === 'win32' ? null : native();
  const crowded = process.platform === 'win32' ? null : native();
  await crowded?.ask('many', 65_000);
  const sets = native();
  const logs = native();
  const peer = await unicorn();
  const guest = v86();
  const [small, thousand, many, million] = [await instance(), await instance(), await instance(), await instance()];
  small.setup(0);
  thousand.setup(1000);
  many.setup(65_000);
  million.setup(1_000_000);

  const first = await instance();
  first.setup(0);
  const untouched = time(first.fault_unmap, 16384);
  // Frames that were used once: from here on the pool is warm.
  for (let i = 0; i < 2; i++) small.fault_unmap(16384);
  const address = small.window();
  const pointer = small.raw_start();
  const fromJs = (count) => { let sum = 0; for (let i = 0; i < count; i++) sum += small.load32(address + ((i * 7919) & 0xffff8)); return sum; };
  const fromJsRaw = (count) => { let sum = 0; for (let i = 0; i < count; i++) sum += small.raw32(pointer + ((i * 7919) & 0xffff8)); return sum; };

  const against = (name, count) => async () => [timePrepared(small, name, count), await kernel.ask(name, count)];
  /** A loop in a large machine against the same in a small one. */
  const within = (name, large, count) => async () => [time(large[name], count), time(thousand[name], count)];
  const calls = [
    ['mprotect of a middle page and back', 'mprotect_middle', 5000], ['mremap of three pages there and back', 'mremap_move', 2000],
    ['brk up and down', 'brk_grow', 5000], ['madvise of a flag and back', 'madvise_flag', 10_000],
    ['mlock + munlock of three pages', 'mlock_munlock', 5000], ['64 mmaps + one munmap of all', 'munmap_many', 200],
  ];
  const pages = [
    ['read fault, page of zeros', 0.30, 'zero_read', 4096], ['read fault on a cached file page, alone', 0.30, 'file_read', 1024],
    ['copy-on-write fault after fork', 0.30, 'copy_on_write', 4096], ['write fault of the last sharer', 0.15, 'reuse', 4096],
    ['madvise DONTNEED + store, one page', 0.15, 'dontneed_touch', 5000], ['mincore of one page', 0.15, 'mincore_one', 5000],
    ['fork + exit with 10,000 written pages', 0.10, 'fork_exit', 5],
  ];
  const crowdedCalls = [...calls, ['mprotect of any VMA and back', 'mprotect_random', RANDOM], ['munmap + mmap of any VMA', 'remap_random', RANDOM]];
  const rows = [
    kernel && ['mmap + munmap of a page', 'the real kernel', 0.10, against('mmap_munmap', 20_000)],
    kernel && ['mmap + store + munmap of a page', 'the real kernel', 0.10, against('mmap_store_munmap', 20_000)],
    kernel && ['write fault + unmap, per page, warm frames', 'the real kernel', 0.30, against('fault_unmap', 16384)],
    ['the same, against clearing as many pages', 'plain wasm memory', 3, async () => [time(small.fault_unmap, 16384), time(small.clear_pages, 16384)]],
    ['load that hits the TLB, random in 1 MiB', 'plain wasm memory', 2.5, async () => [time(small.load_random, 2_000_000), time(small.raw_random, 2_000_000)]],
    ['load that hits the TLB, sequential', 'plain wasm memory', 5, async () => [time(small.load_sequential, 2_000_000), time(small.raw_sequential, 2_000_000)]],
    ['load called from JavaScript', 'an exported plain load', 1.75, async () => [time(fromJs, 1_000_000), time(fromJsRaw, 1_000_000)]],
    ['gap search among 1,000,000 VMAs', 'among 1,000', 2, async () => [time(million.gap_search, 20_000), time(thousand.gap_search, 20_000)]],
    ['mmap + munmap among 1,000,000 VMAs', 'among 1,000', 2, async () => [time(million.mmap_munmap_two, 20_000), time(thousand.mmap_munmap_two, 20_000)]],
    ...(kernel ? calls.map(([what, name, count]) => [what, 'the real kernel', 0.10, against(name, count)]) : []),
    ...(kernel ? pages.map(([what, goal, name, count]) => [what, 'the real kernel', goal, against(name, count)]) : []),
    crowded && ['mprotect of any of 65,000 VMAs and back', 'the real kernel, 65,000 VMAs', 0.6, async () => [time(many.mprotect_random, RANDOM), await crowded.ask('mprotect_random', RANDOM)]],
    ['mmap + munmap among 65,000 VMAs', 'among 1,000', 2, within('mmap_munmap_two', many, 20_000)],
    ...crowdedCalls.map(([what, name, count]) => [`${what}, among 65,000 VMAs`, 'among 1,000', 2, within(name, many, count)]),
    ['mprotect of any of 1,000,000 VMAs and back', 'of 1,000', 6, within('mprotect_random', million, RANDOM)],
    ['munmap + mmap of any of 1,000,000 VMAs', 'of 1,000', 6, within('remap_random', million, RANDOM)],
    peer && ['mmap + munmap among 1,000 VMAs', `Unicorn ${UNICORN}, 1,000 regions`, 1, async () => [time(thousand.mmap_munmap_two, 2000), await peer.ask('map_unmap', 200)]],
    ['write fault + unmap, per page', 'a guest in v86, its own page fault', 1, async () => [time(small.fault_unmap, 4096), await guest.ask('faults', 4)]],
    ['set of 65,000 areas alone, native: find, remove, insert', 'rangemap', null, async () => [await sets.ask('set_areas', 50_000), await sets.ask('set_rangemap', 50_000)]],
    ['the same', 'BTreeMap', null, async () => [await sets.ask('set_areas', 50_000), await sets.ask('set_btreemap', 50_000)]],
    ['reading a log of strace -f, a line', 'the same code, native', 3, async () => [timePrepared(small, 'log_read', LINES), await logs.ask('log_read', LINES)]],
    ['replaying a log, a line', 'the same code, native', 3, async () => [timePrepared(small, 'log_replay', LINES), await logs.ask('log_replay', LINES)]],
    ...LONGER.flatMap((lines) => ['read', 'replay'].flatMap((what) => [
      [`${what}ing a log of ${lines.toLocaleString('en')} lines, a line`, 'the same code, native', 3, async () => [timePrepared(small, `log_${what}`, lines), await logs.ask(`log_${what}`, lines)]],
      [`the same: ${what}ing a log`, 'a line of 10,000', 1.5, async () => [timePrepared(small, `log_${what}`, lines), timePrepared(small, `log_${what}`, LINES)]],
    ])),
  ].filter((row) => row && row[0].includes(only));

  // Until the optimising compiler has had its turn with every loop: a long one has it within one round.
  for (const [, , , measure] of rows) {
    const started = Date.now();
    for (let i = 0; i < WARM_UP && Date.now() - started < LONGEST_WARM_UP; i++) await measure();
  }
  const taken = rows.map(() => []);
  for (let round = 0; round < ROUNDS; round++) for (const [i, [, , , measure]] of rows.entries()) taken[i].push(await measure());
  for (const other of [kernel, crowded, sets, logs, peer, guest]) other?.stop();

  let missed = 0;
  console.log('| what (wasm under Node) | compared with | ratio (median) | middle half | goal | ns |');
  console.log('|---|---|---|---|---|---|');
  for (const [i, [what, other, goal]] of rows.entries()) {
    const s = summary(taken[i]);
    if (goal !== null && s.ratio > goal) missed++;
    const digits = (x) => (x < 0.1 ? x.toPrecision(2) : x.toFixed(2));
    console.log(`| ${what} | ${other} | ${digits(s.ratio)} | ${digits(s.low)}–${digits(s.high)} | ${goal === null ? '' : `≤ ${goal}${s.ratio > goal ? ' (missed)' : ''}`} | ${s.ours.toFixed(1)} : ${s.theirs.toFixed(1)} |`);
  }
  console.log(`\nFirst touch of a frame whose host memory was never used: ${untouched.toFixed(0)} ns a page (the host's own page fault).`);
  console.log(`${ROUNDS} interleaved rounds, Node ${process.versions.node}, ${rows.length} rows, ${missed} missed.`);
  if (process.argv.includes('--assert') && missed > 0) process.exitCode = 1;
});
