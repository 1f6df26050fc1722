// npm run bench: what the emulator costs, as ratios taken in one run. Rounds are interleaved; medians and
// the spread (the middle half) are printed. `--assert` exits 1 if a median misses its goal. `--markdown`
// prints the table of the README.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, main, run, say } from './lib/run.mjs';
import { setUp } from './lib/setup.mjs';

const ROUNDS = 15;
const WARM_UP = 40;
const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');

async function instance() {
  const bytes = readFileSync(join(target, 'wasm32-unknown-unknown', 'release', 'pagefault_bench_wasm.wasm'));
  return (await WebAssembly.instantiate(bytes, {})).instance.exports;
}

/** Nanoseconds a round of an exported loop. */
function time(loop, n, per = n) {
  const start = process.hrtime.bigint();
  loop(n);
  return Number(process.hrtime.bigint() - start) / per;
}

/** The native side: one question, one answer. */
function native() {
  const child = spawn(join(target, 'release', 'pagefault-bench-native'), { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(name, count) {
      child.stdin.write(`${name} ${count}\n`);
      return Number((await lines.next()).value);
    },
    stop: () => child.stdin.end(),
  };
}

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

main(async () => {
  await setUp();
  say('building the benchmark');
  await run('cargo', ['build', '--release', '--locked', '-p', 'pagefault-bench-wasm', '--target', 'wasm32-unknown-unknown']);
  await run('cargo', ['build', '--release', '--locked', '-p', 'pagefault-bench-native']);
  const kernel = process.platform === 'win32' ? null : native();
  const [small, thousand, million] = [await instance(), await instance(), await instance()];
  small.setup(0);
  thousand.setup(1000);
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

  const against = (name, count) => async () => [time(small[name], count), await kernel.ask(name, count)];
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
  ].filter(Boolean);

  // Until the optimising compiler has had its turn with every loop.
  for (const [, , , measure] of rows) for (let i = 0; i < WARM_UP; i++) await measure();
  const taken = rows.map(() => []);
  for (let round = 0; round < ROUNDS; round++) for (const [i, [, , , measure]] of rows.entries()) taken[i].push(await measure());
  kernel?.stop();

  let missed = 0;
  console.log('| what (wasm under Node) | compared with | ratio (median) | middle half | goal | ns |');
  console.log('|---|---|---|---|---|---|');
  for (const [i, [what, other, goal]] of rows.entries()) {
    const s = summary(taken[i]);
    if (s.ratio > goal) missed++;
    const digits = (x) => (x < 0.1 ? x.toFixed(3) : x.toFixed(2));
    console.log(`| ${what} | ${other} | ${digits(s.ratio)} | ${digits(s.low)}–${digits(s.high)} | ≤ ${goal}${s.ratio > goal ? ' (missed)' : ''} | ${s.ours.toFixed(1)} : ${s.theirs.toFixed(1)} |`);
  }
  console.log(`\nFirst touch of a frame whose host memory was never used: ${untouched.toFixed(0)} ns a page (the host's own page fault).`);
  console.log(`${ROUNDS} interleaved rounds, Node ${process.versions.node}, ${rows.length} rows, ${missed} missed.`);
  if (process.argv.includes('--assert') && missed > 0) process.exitCode = 1;
});
