import { expect, test } from 'vitest';
import { openScript } from '../../lib/node.ts';
import { bytesOf, filesWithContent, isFiller } from './contents.ts';

const SCRIPT = `@file "/x/lib.so" size=64K
@file "/etc/motd" size=8K content="Welcome"
a = mmap(NULL, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
store(a+0x800, "deep")
fd = openat(AT_FDCWD, "/x/lib.so", O_RDONLY)
f = mmap(NULL, 8K, PROT_READ, MAP_PRIVATE, fd, 0)
load(f, 4)
m = openat(AT_FDCWD, "/etc/motd", O_RDONLY)
g = mmap(NULL, 8K, PROT_READ, MAP_PRIVATE, m, 0)
load(g, 7)
`;

test('audit 17, 18: all bytes of a page are there, and a filler is called one', async () => {
  const session = await openScript(SCRIPT, { kind: 'script' });
  session.goTo(session.length);
  const known = filesWithContent(SCRIPT);
  expect([...known]).toEqual(['/etc/motd']);
  const { vmas } = session.snapshot().processes[0]!;
  const look = (name: string) => {
    const addr = BigInt(`0x${vmas.find((vma) => (name === '' ? vma.pages === 4 && vma.name === '' : vma.name === name))!.start}`);
    const bytes = bytesOf(session, 1, addr)!;
    return { bytes, isFiller: isFiller(name, session.frame(Number(session.walk(1, addr)!.levels.at(-1)!.pfn)), bytes, known) };
  };
  const text = ({ bytes }: { readonly bytes: Uint8Array }, from: number, to: number) => new TextDecoder().decode(bytes.subarray(from, to));
  const own = look('');
  expect([own.bytes.length, text(own, 0x800, 0x804), own.isFiller]).toEqual([4096, 'deep', false]);
  expect(look('/x/lib.so').isFiller).toBe(true);
  const motd = look('/etc/motd');
  expect([text(motd, 0, 7), motd.isFiller]).toEqual(['Welcome', false]);
  expect(bytesOf(session, 1, 0x1000n)).toBeNull();
  session.free();
});
