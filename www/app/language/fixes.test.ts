/** Audit 26: what people write by habit is refused by the core with a reason, and one click makes it right. */
import { expect, test } from 'vitest';
import { ScriptError, openScript } from '../../lib/node.ts';
import { type ScriptMistake, fixesFor } from './fixes.ts';

async function mistakes(text: string): Promise<readonly ScriptMistake[]> {
  try {
    (await openScript(text, { kind: 'script' })).free();
    return [];
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    return error.errors;
  }
}

/** The text after the first fix of each error in turn; null if there comes a mistake without one. */
async function mended(text: string): Promise<string | null> {
  for (let round = 0; round < 6; round++) {
    const [mistake] = await mistakes(text);
    if (!mistake) return text;
    const lines = text.split('\n');
    const line = lines[mistake.line - 1]!;
    const [fix] = fixesFor(mistake, line, lines[mistake.line - 2]);
    if (!fix) return null;
    const at = mistake.line - 1 - fix.up;
    lines[at] = lines[at]!.slice(0, fix.from) + fix.insert + lines[at]!.slice(fix.to);
    text = lines.join('\n');
  }
  return null;
}

const MAP = 'mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)';

test('C is taken as it is, or mended', async () => {
  const cases: readonly (readonly [string, string])[] = [
    [`a = ${MAP};   // done`, `a = ${MAP};   // done`],
    ['// nothing', '// nothing'],
    [`char *p = ${MAP};`, `p = ${MAP};`],
    [`  unsigned char *p = (unsigned char *)${MAP};`, `  p = ${MAP};`],
    [`void *p = (void *) ${MAP};`, `p = ${MAP};`],
    [`p = ${MAP}; munmap(p, 4096);`, `p = ${MAP}\nmunmap(p, 4096);`],
    ['load((void *)0x1000) = SIGSEGV', 'load(0x1000) = SIGSEGV'],
    ['@ram 64M;\ngetpid()', '@ram 64M\ngetpid()'],
    ['@ram 64M // much\ngetpid()', '@ram 64M # much\ngetpid()'],
    ['/* first */\ngetpid()', '# first\ngetpid()'],
    ['getpid(', 'getpid()'],
    ['munmap(0x1000, 4096', 'munmap(0x1000, 4096)'],
    ['brk(0x1000,', 'brk(0x1000)'],
    ['a = brk(NULL\nmunmap(0x1000, 4096)', 'a = brk(NULL)\nmunmap(0x1000, 4096)'],
    ['munmap(0x1000 4096)', 'munmap(0x1000, 4096)'],
    ['store(0x1000, "x)', 'store(0x1000, "x")'],
    ['$ strace ls', '# $ strace ls'],
  ];
  for (const [given, wanted] of cases) expect(await mended(given), given).toBe(wanted);
});

test('slips become the nearest name', async () => {
  expect(await mended('a = mmpa(NULL, 4096, PROT_RAED, MAP_PRIVATE|MAP_ANONYMUS, -1, 0)')).toBe('a = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)');
  expect(await mended('child = fork()\n[chlid] getpid()')).toBe('child = fork()\n[child] getpid()');
  expect(await mended('region = brk(NULL)\nmunmap(regoin, 4K)')).toBe('region = brk(NULL)\nmunmap(region, 4K)');
  expect(await mended('x = malloc(100)')).toBe(null);
});
