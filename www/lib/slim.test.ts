/** The small core is the same machine. */
import { expect, test } from 'vitest';
import * as full from './node.ts';
import * as slim from './slim-node.ts';

type Entry = Pick<typeof slim, 'createMachine'>;

/** What a machine says of itself after some calls. */
async function told({ createMachine }: Entry): Promise<string[]> {
  const vm = await createMachine({
    ram: '4MiB', pid: 7, sysctl: { 'vm.max_map_count': 100 }, config: { PKU: true },
    files: [{ path: '/data with "quotes" \\ and\ttabs', content: 'contents', mode: 0o640, device: '08:01', inode: 12 }],
  });
  const p = vm.spawn({ name: 'prog', uid: 1000, capabilities: ['IPC_LOCK'], limits: { NOFILE: [4, 8] }, aslr: 3 });
  const a = p.mmap({ length: 16384 });
  p.store(a, 'packed');
  const child = p.fork();
  child.store(a, 'copied');
  const refused = p.try.mmap({ length: 4096, offset: 0x201 });
  const steps = full.explain(p, () => p.munmap(a + 4096n, 4096)).steps.map((step) => step.sentence);
  const out = [vm.settings(), String(p.maps()), p.status(), vm.meminfo(), JSON.stringify(vm.snapshot()), String(refused), ...steps].map(String);
  vm.free();
  return out;
}

test('calls, accesses, settings, refusals and explanations are the same', async () => {
  expect(await told(slim)).toEqual(await told(full));
});

test('settings that cannot be are refused in the same words', async () => {
  for (const maps of ['400000-401000 r-xp', '400000-401000 rwxq 0 00:00 0', '401000-400000 r-xp 0 00:00 0', '400000-40100g']) {
    const said = async ({ createMachine }: Entry) => {
      const vm = await createMachine({ ram: '4MiB' });
      try {
        vm.spawn({ maps });
        return 'nothing';
      } catch (error) {
        return String(error);
      } finally {
        vm.free();
      }
    };
    expect(await said(slim)).toBe(await said(full));
  }
});

test('bytes of a machine are for the core that wrote them', async () => {
  const vm = await slim.createMachine({ ram: '4MiB', isolate: true });
  const pid = vm.spawn().pid;
  const bytes = await vm.toBytes();
  expect((await slim.machineFromBytes(bytes)).process(pid)?.pid).toBe(pid);
  await expect(full.machineFromBytes(bytes)).rejects.toMatchObject({ name: 'ImageError', problem: 'version' });
});
