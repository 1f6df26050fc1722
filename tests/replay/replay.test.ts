/** `npm run replay`: a verdict for each process, whatever else a recording holds. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const place = mkdtempSync(join(tmpdir(), 'pagefault-replay-test-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

interface Operation { op: string; a?: string[]; p?: number; [observed: string]: unknown }

const STUB = [
  '400000-401000 rwxp 00000000 fe:00 #1 /S/stub', '7ffff7ff7000-7ffff7ffb000 r--p 00000000 00:00 #0 [vvar]',
  '7ffff7ffb000-7ffff7ffd000 r--p 00000000 00:00 #0 [vvar_vclock]', '7ffff7ffd000-7ffff7fff000 r-xp 00000000 00:00 #0 [vdso]',
  '7ffffffde000-7ffffffff000 rw-p 00000000 00:00 #0 [stack]', 'ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 #0 [vsyscall]',
];
const MAPPED = '10000000-10002000 rw-p 00000000 00:00 #0';
const MMAP: Operation = { op: 'mmap', a: ['0x10000000', '0x2000', '0x3', '0x32', '0xffffffffffffffff', '0x0'], r: '0x10000000', d: { '+': [MAPPED] } };
const WRITE: Operation = { op: 'w', a: ['0x10000000', '7'], ok: true, mf: 1 };

/** A recorded program, as `jsonl` holds one a line. */
function program(name: string, ops: Operation[], final: object[] = []): string {
  const init = { rsp: '0x7fffffffee30', brk: '0x401000', maps: STUB, pagemap: ['400000-401000 PX', '7fffffffe000-7ffffffff000 PX'] };
  return JSON.stringify({ name, env: { uid: 65534 }, init, inodes: { '#1': ['fe:00', 7] }, ops, final });
}

function replay(args: string[], files: Record<string, string>) {
  const paths = Object.entries(files).map(([name, text]) => {
    writeFileSync(join(place, name), text);
    return join(place, name);
  });
  const { status, stdout } = spawnSync(process.execPath, [join(root, 'tools', 'replay.mjs'), ...args, ...paths], { cwd: root, encoding: 'utf8' });
  return { status, lines: stdout.trim().split('\n') };
}

test('a program that is replayed as it was recorded, to its end', () => {
  const states = [...STUB.slice(0, 1), MAPPED, ...STUB.slice(1)];
  const smaps = [{ v: '10000000-10002000', Rss: 4, Pss: 4, Pss_Dirty: 4, Private_Dirty: 4, Anonymous: 4, VmFlags: 'rd wr mr mw me ac' }];
  const end = { p: 0, status: { VmRSS: 12 }, maps: states, smaps, pagemap: ['10000000-10001000 PX'] };
  const { status, lines } = replay([], { 'same.jsonl': program('same', [MMAP, WRITE], [end]) });
  expect(lines).toEqual([expect.stringMatching(/^same\.jsonl\/same\.pf: process 1: 4\/4 operations equal .*; 1 minor and 0 major faults$/)]);
  expect(status).toBe(0);
  const wrong = { ...end, smaps: [{ ...smaps[0], Rss: 8 }] };
  const other = replay([], { 'other.jsonl': program('other', [MMAP, WRITE], [wrong]) });
  expect([other.status, other.lines[1]]).toEqual([1, expect.stringContaining('snap: smaps should be')]);
});

test('a difference is told with its place and its reason, for people and for machines', () => {
  const differs = program('differs', [MMAP, { op: 'munmap', a: ['0x10000001', '0x1000'], r: '0x0' }]);
  const { status, lines } = replay([], { 'differs.jsonl': differs });
  expect(status).toBe(1);
  expect(lines.slice(1)).toEqual([
    expect.stringMatching(/^ {2}line \d+, munmap: result should be 0, is -1 EINVAL/),
    expect.stringMatching(/^ {2}because .*0x10000001 is not/),
  ]);
  const machine = replay(['--json'], { 'differs.jsonl': differs });
  expect(machine.status).toBe(1);
  const verdict = JSON.parse(machine.lines[0]!) as { equal: boolean; fields: { result: { all: number; equal: number } } };
  expect([verdict.equal, verdict.fields.result]).toEqual([false, { all: 2, equal: 1 }]);
});

test('every difference of a process is told, or with --first the first one', () => {
  const wrong = (a: string[], r: string) => ({ op: 'munmap', a, r });
  const differs = program('differs', [MMAP, wrong(['0x10000001', '0x1000'], '0x0'), wrong(['0x10000000', '0x1000'], '0x7'), wrong(['0x10000000', '0x0'], '0x0')]);
  const all = replay([], { 'differs.jsonl': differs });
  expect(all.lines.filter((line) => line.includes('should be')).map((line) => line.replace(/line \d+/, 'line N'))).toEqual([
    expect.stringMatching(/^ {2}line N, munmap: result should be 0, is -1 EINVAL/),
    expect.stringMatching(/^ {2}line N, munmap: result should be 7, is 0$/),
    expect.stringMatching(/^ {2}line N, munmap: maps should be /),
    expect.stringMatching(/^ {2}line N, munmap: result should be 0, is -1 EINVAL/),
  ]);
  const one = replay(['--first'], { 'differs.jsonl': differs });
  expect(one.lines.filter((line) => line.includes('should be'))).toHaveLength(1);
  const told = (options: string[]) => JSON.parse(replay(['--json', ...options], { 'differs.jsonl': differs }).lines[0]!) as { first: { line: number }; differences: { line: number; field: string; reason: string | null }[] };
  expect(told([]).differences.map(({ field }) => field)).toEqual(['result', 'result', 'maps', 'result']);
  expect(told([]).first.line).toBe(told([]).differences[0]!.line);
  expect(told(['--first']).differences).toHaveLength(1);
});

test('what cannot be replayed is told, and hides nothing else', () => {
  const lines = [program('first', [MMAP]), program('strange', [{ op: 'sendmail', a: ['0x1'], r: '0x0' }]), '{"name":"empty"}', 'no record', program('last', [MMAP, WRITE])];
  const told = replay([], { 'mixed.jsonl': lines.join('\n') });
  expect(told.status).toBe(2);
  expect(told.lines).toEqual([
    expect.stringMatching(/^mixed\.jsonl, line 3: a program has a name, env/),
    expect.stringMatching(/^mixed\.jsonl, line 4: .*JSON/),
    expect.stringContaining('first.pf: process 1: 1/1 operations equal'),
    expect.stringMatching(/strange\.pf: line \d+, column 1: found `sendmail`, expected a system call/),
    expect.stringMatching(/^ {4}sendmail\(0x1\)/),
    expect.stringMatching(/^ {4}\^$/),
    expect.stringContaining('last.pf: process 1: 2/2 operations equal'),
  ]);
});

test('a script, and a file that is not there', () => {
  const { status, lines } = replay([], { 'one.pf': 'a = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nload(a) = 0\n' });
  expect([status, lines]).toEqual([0, [expect.stringContaining('one.pf: process 1: 1/1 operations equal')]]);
  const missing = spawnSync(process.execPath, [join(root, 'tools', 'replay.mjs'), join(place, 'nothing.jsonl')], { cwd: root, encoding: 'utf8' });
  expect([missing.status, missing.stdout]).toEqual([2, expect.stringContaining('ENOENT')]);
});
