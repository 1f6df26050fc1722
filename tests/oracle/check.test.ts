/** What `npm run check` says of a script that is wrong, that waits for ever, whose process ends early. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { oracle } from '../../tools/lib/kernel.mjs';

const folder = mkdtempSync(join(tmpdir(), 'pagefault-check-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function check(name: string, text: string, ...options: string[]) {
  const file = join(folder, name);
  writeFileSync(file, text);
  const { status, text: told } = await oracle(['check', ...options, file]);
  return { status, told: told.replaceAll(`${folder}/`, '') };
}

test('of what a script expects it is said which of the three say something else, and what comes behind is asked too', async () => {
  const { status, told } = await check('misled.pf', [
    '@stub', '@exact',
    'a = mmap(NULL, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)',
    '  > maps + 7ffff7ff3000-7ffff7ff7000 rw-p 00000000 00:00 0 ',
    'store(a, 1) = 2',
    '  > minflt 3',
    '  > pagemap 7ffff7ff3000-7ffff7ff4000 PX',
    'munmap(a, 3) = -1 ENOMEM',
    '  > maps - 7ffff7ff3000',
    '  > maps + 7ffff7ff4000-7ffff7ff7000 rw-p 00000000 00:00 0 ',
    'munmap(a, 0) = -1 EINVAL', '',
  ].join('\n'));
  expect(status).toBe(1);
  expect(told).toContain('FAILED misled.pf: line 5, result of store: the script expects 2, Linux and the emulator say 1\n');
  expect(told).toContain('  line 5, minflt of store: the script expects 3, Linux and the emulator say 1\n');
  expect(told).toMatch(/ {2}line 8, result of munmap: the script expects -1 ENOMEM, Linux and the emulator say 0\n0 passed, 1 failed/);
});

test('a process that waits for what nobody does is ended, and that is said', async () => {
  const { status, told } = await check('waits.pf', 'child = fork()\nwait4(child, 0, 0, 0)\n', '--seconds', '2');
  expect(status).toBe(1);
  expect(told).toContain('FAILED waits.pf: line 2: the real processes were at work for more than 2 s');
});

test('threads run on both sides, also after one has ended all', async () => {
  const { status, told } = await check('threads.pf', [
    'a = mmap(NULL, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)',
    't = clone(CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM, a+16K, 0, 0, 0)',
    '[t] store(a, "hello") = 5', 'load(a, 5) = "hello"', '[t] exit_group(0)', '',
  ].join('\n'));
  expect(told).toContain('ok threads.pf (5 statements)');
  expect(status).toBe(0);
});
