/** The command, as the packed tarball installs it, driven as a process. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, stranger } from './packed.ts';

const project = stranger();
const cli = 'node_modules/pagefault/dist/cli.js';
const pagefault = (args: readonly string[], input?: string) => project.node([cli, ...args], input);
const MAPPED = 'a = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n';
const tests = (name: string) => join(root, 'tests', name);

test('it is installed, helps, and says what was asked wrongly', () => {
  const manifest = JSON.parse(readFileSync(join(project.folder, 'node_modules', 'pagefault', 'package.json'), 'utf8')) as { version: string };
  expect(project.node([join('node_modules', '.bin', 'pagefault'), '--version'])).toEqual({ status: 0, stdout: `${manifest.version}\n`, stderr: '' });
  const { stdout, status } = pagefault(['--help']);
  expect(status).toBe(0);
  for (const name of ['run', 'check', 'audit', 'diff', 'convert', 'repl']) {
    expect(stdout).toContain(`\n  ${name}`);
    const help = pagefault([name, '--help']);
    expect(help.stdout).toMatch(new RegExp(`^usage: pagefault ${name}[^]*exit codes:`));
    expect(help.stdout).toBe(pagefault(['help', name]).stdout);
    expect(help.stdout.split('\n').every((line) => line.length <= 125)).toBe(true);
  }
  for (const [args, message] of [
    [[], /usage/], [['frob'], /frob is not a command: one of run, check/], [['run'], /no file is given/], [['run', 'a', 'b'], /several files are one log only as strace -ff -o NAME writes them/], [['diff', 'a', 'b', 'c'], /3 files/], [['run', '--frob', 'a'], /--frob/],
    [['run', '--until', 'x', 'a'], /--until x: a number/], [['run', '--as', 'x', 'a'], /--as x: one of script/], [['run', 'no-such-file'], /^no-such-file: no such file$/m], [['run', '.'], /is a folder/],
    [['diff', 'a'], /1 files/], [['constructor'], /not a command/], [['convert', '--to', 'c', cli], /cannot be a program in C: it is no script/], [['convert', '--to', 'd', cli], /script and c are known/],
  ] as const) expect(pagefault(args), args.join(' ')).toMatchObject({ status: 2, stdout: '', stderr: expect.stringMatching(message) });
});

test('run prints each result, and how it ends', () => {
  const told = pagefault(['run', '-'], `${MAPPED}store(a, 1)\n`);
  expect(told).toEqual({ status: 0, stderr: '', stdout: "    1  [1] mmap = 0x7ffff7ff6000\n    2  [1] store = SIGSEGV SEGV_ACCERR 0x7ffff7ff6000  the VMA at 0x7ffff7ff6000 does not allow write\n" });
  const wrong = pagefault(['run', '-'], `${MAPPED}munmap(a, 4K) = -1 EINVAL\n`);
  expect(wrong.status).toBe(1);
  expect(wrong.stdout).toContain('result: expected -1 EINVAL, found 0');
  expect(pagefault(['run', '--quiet', '-'], MAPPED).stdout).toBe('');
  expect(pagefault(['run', '--until', '1', '-'], `${MAPPED}munmap(a, 4K)\n`).stdout.split('\n')).toHaveLength(2);
  const { stdout } = pagefault(['run', '--maps', '--smaps', '--explain', '-'], MAPPED);
  for (const part of ['Process 1 has a new area', '  do_mmap', '/proc/1/maps\n', '/proc/1/smaps\n', '7ffff7ff6000-7ffff7ff7000 r--p', 'VmFlags: rd mr mw me']) expect(stdout).toContain(part);
  expect(pagefault(['run', '-'], 'munmap(a 4096)\nmmap(\n')).toMatchObject({ status: 2, stdout: '', stderr: expect.stringMatching(/^-:1:\d+: [^]*\n-:2:\d+: /) });
  const log = pagefault(['run', tests('logs/attach-running.strace')]);
  expect(log.stdout.trimEnd().split('\n').at(-1)).toMatch(/ as on Linux/);
});

test('run as data, and as a trace for Perfetto', () => {
  const data = JSON.parse(pagefault(['run', '--json', '--explain', '--maps', '-'], MAPPED).stdout) as { kind: string; steps: { call: string; sentence: string; tree: unknown[] }[]; verdict: { steps: number }; proc: { text: string }[] };
  expect(data).toMatchObject({ kind: 'script', steps: [{ call: 'mmap', result: '0x7ffff7ff6000', sentence: expect.stringContaining('new area') }], verdict: { steps: 1 }, proc: [{ pid: 1, kind: 'maps' }] });
  expect(pagefault(['run', '--trace', 'out.json', '--quiet', '-'], `${MAPPED}load(a)\nfork()\n`).status).toBe(0);
  const { traceEvents } = JSON.parse(readFileSync(join(project.folder, 'out.json'), 'utf8')) as { traceEvents: { ph: string; ts: number; name: string; pid: number }[] };
  expect(traceEvents.filter(({ ph }) => ph === 'B').length).toBe(traceEvents.filter(({ ph }) => ph === 'E').length);
  expect(traceEvents.map(({ ts }) => ts)).toEqual(traceEvents.map(({ ts }) => ts).sort((a, b) => a - b));
  for (const name of ['mmap', 'do_mmap', 'load', 'do_anonymous_page', 'fork']) expect(traceEvents.map((event) => event.name)).toContain(name);
  expect(pagefault(['run', '--trace', 'no/such/folder', '-'], MAPPED)).toMatchObject({ status: 2, stderr: expect.stringContaining('cannot be written') });
});

test('check passes, ends at the first difference, and does not pass what compares nothing', () => {
  project.write('good.pf', `${MAPPED}munmap(a, 4K) = 0\n`);
  project.write('bad.pf', `${MAPPED}munmap(a, 4K) = -1 EINVAL\nload(a) = 0\n`);
  project.write('empty.pf', MAPPED);
  expect(pagefault(['check', 'good.pf'])).toMatchObject({ status: 0, stdout: expect.stringMatching(/^✓ good\.pf: 1 of 1/) });
  const bad = pagefault(['check', 'bad.pf', 'good.pf']);
  expect(bad.status).toBe(1);
  expect(bad.stdout).toMatch(/^✗ bad\.pf: something is not as expected\nbad\.pf:2: .*munmap = 0\n {2}result: expected -1 EINVAL, found 0\n$/);
  expect(pagefault(['check', '--keep-going', 'bad.pf', 'good.pf']).stdout).toContain('✓ good.pf');
  expect(pagefault(['check', 'empty.pf'])).toMatchObject({ status: 1, stdout: expect.stringContaining('compares nothing does not pass') });
  expect(JSON.parse(pagefault(['check', '--json', 'bad.pf']).stdout)).toMatchObject({ passed: false, first: { line: 2, call: 'munmap', differences: [{ field: 'result', expected: '-1 EINVAL' }] } });
  const scripts = ['fork-and-write', 'pinned-pages', 'private-mappings'].map((name) => tests(`scripts/cow/${name}.pf`)).filter((file) => { try { return readFileSync(file).length > 0; } catch { return false; } });
  expect(scripts.length).toBeGreaterThan(0);
  expect(pagefault(['check', ...scripts]).status).toBe(0);
});

test('audit and diff of maps', () => {
  const told = pagefault(['audit', tests('dumps/guards.maps')]);
  expect(told.status).toBe(0);
  for (const part of ['2,422 areas; 63,108 more fit below the limit of 65,530 (vm.max_map_count).', 'permissions: rw- beside ---', 'MADV_GUARD_INSTALL']) expect(told.stdout).toContain(part);
  expect(pagefault(['audit', tests('dumps/python3.smaps')]).stdout).toMatch(/What it costs, in KiB:[^]*\[heap\]/);
  expect(JSON.parse(pagefault(['audit', '--json', '-'], readFileSync(tests('dumps/python3.smaps'), 'utf8')).stdout)).toMatchObject({ dumps: [{ costs: { counted: true } }] });
  expect(pagefault(['audit', '-'], 'nothing')).toMatchObject({ status: 2, stdout: '', stderr: '- has no line of /proc/PID/maps\n' });
  const line = '7f0000000000-7f0000010000 rw-p 00000000 00:00 0\n';
  project.write('before', line);
  project.write('after', line.replace('rw-p', 'r--p'));
  const changed = pagefault(['diff', 'before', 'after']);
  expect(changed.status).toBe(1);
  expect(changed.stdout).toContain('mprotect(0x7f0000000000, 65536, PROT_READ)');
  expect(pagefault(['diff', 'before', 'before'])).toMatchObject({ status: 0, stdout: 'Nothing changed.\n' });
});

test('a script becomes a program in C, or says why not', () => {
  const made = pagefault(['convert', '--to', 'c', '-'], MAPPED + 'munmap(a, 4K) = 0\n');
  expect(made).toMatchObject({ status: 0, stderr: '' });
  expect(made.stdout).toMatch(/1\.\.\d+|TAP/);
  expect(made.stdout).toContain('munmap(a, 4K) = 0');
  // The same as this repository's tool writes.
  expect(made.stdout.split('\n').length).toBeGreaterThan(500);
  expect(pagefault(['convert', '--to', 'c', '-'], 'execve("/bin/program", 0, 0)\n')).toMatchObject({ status: 2, stderr: expect.stringMatching(/execve: the programs of the machine are not here/) });
});

test('logs and maps become scripts that run', () => {
  const maps = pagefault(['convert', tests('dumps/bash.maps')]);
  expect(maps.status).toBe(0);
  expect(pagefault(['run', '--quiet', '-'], maps.stdout).status).toBe(0);
  // With what a log has besides its calls on memory: other calls, prefixes, notes, a program's output, halves.
  const log = 'execve("/bin/a", ["a"], 0x7ffd02338f58 /* 35 vars */) = 0\n[pid 7] access("/etc/ld.so.preload", R_OK) = -1 ENOENT (No such file or directory)\n[pid 7] getrandom("\\x11", 8, GRND_NONBLOCK) = 8\n[pid 7] mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ff5000\nhello world\n[pid 7] munmap(0x7ffff7ff5000, 8192) = 0\n';
  const script = pagefault(['convert', '-'], log);
  expect(script).toMatchObject({ status: 0, stderr: '' });
  expect(script.stdout).toMatch(/^@log yes\n\[7\] execve\(.*\n\[7\] mmap\(.* = 0x7ffff7ff5000\n\[7\] munmap\(0x7ffff7ff5000, 8192\) = 0\n$/);
  expect(pagefault(['check', '-'], script.stdout)).toMatchObject({ status: 0 });
  // Maps have no calls: what is meant is said.
  const run = pagefault(['run', tests('dumps/bash.maps')]);
  expect(run.status).toBe(2);
  expect(run.stderr).toMatch(/no calls to run. pagefault audit .*bash.maps .*pagefault convert/);
});

test('a console without a terminal runs what it is given', () => {
  const { status, stdout } = pagefault(['repl'], `${MAPPED}.maps\nload(a)\n.explain\n.back\n.processes\n.frob\nmunmap(a 4)\n`);
  for (const part of ['= 0x7ffff7ff6000', '7ffff7ff6000-7ffff7ff7000 r--p', '[1] = 0x0', 'do_anonymous_page', '1  lives', '.frob is not known']) expect(stdout).toContain(part);
  expect(status).toBe(1);
  expect(pagefault(['repl'], MAPPED).status).toBe(0);
});

test('it starts at once', () => {
  project.write('one.pf', `${MAPPED}munmap(a, 4K) = 0\n`);
  const fastest = (args: readonly string[]) => Math.min(...Array.from({ length: 6 }, () => {
    const started = performance.now();
    project.node(args);
    return performance.now() - started;
  }));
  // Node alone takes 40 ms where a start takes 150; on a machine that does other things both are longer.
  expect(fastest([cli, 'check', 'one.pf'])).toBeLessThan(Math.max(150, 3.75 * fastest(['-e', '0'])));
});
