/** `npm run audit`: why an address space has as many areas as it has, and what changed between two. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

function audit(args: string[], input = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'tools', 'audit.mjs'), ...args], { cwd: root, env: { ...process.env, INIT_CWD: root }, input, encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('guard pages are named as what costs most, with the cure', () => {
  const { status, stdout } = audit(['tests/dumps/guards.maps']);
  expect(status).toBe(0);
  expect(stdout).toContain('2,422 areas; 63,108 more fit below the limit of 65,530 (vm.max_map_count).');
  expect(stdout).toContain('permissions: rw- beside ---');
  expect(stdout).toContain('MADV_GUARD_INSTALL');
});

test('smaps has costs, and everything is there as data', () => {
  const { dumps } = JSON.parse(audit(['--json', 'tests/dumps/python3.smaps']).stdout);
  expect(dumps[0].costs.counted).toBe(true);
  expect(dumps[0].costs.kinds.map((row: { name: string }) => row.name)).toContain('[heap]');
});

test('two texts give calls, and a text that is none says so', () => {
  const line = '7f0000000000-7f0000010000 rw-p 00000000 00:00 0';
  const both = `${line}\n$ cat /proc/7/maps\n${line.replace('rw-p', 'r--p')}\n`;
  expect(audit(['-'], both).stdout).toContain('mprotect(0x7f0000000000, 65536, PROT_READ)');
  expect(audit(['-'], 'nothing')).toMatchObject({ status: 2, stderr: expect.stringContaining('no line of /proc/PID/maps') });
});
