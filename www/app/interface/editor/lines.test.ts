import { Text } from '@codemirror/state';
import { expect, test } from 'vitest';
import { linesInTurns } from './code.ts';

test('the lines of a large text, made in turns, are those made at once', async () => {
  const some = 'a = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nmunmap(a, 4K)\n\n';
  for (const text of ['', '\n', some, some.repeat(20_000), `${some.repeat(20_000)}end`, some.repeat(15_000).replaceAll('\n', '\r\n'), 'x'.repeat(1 << 20), `${'x'.repeat(1 << 20)}\n${some}`]) {
    const lines = await linesInTurns(text);
    expect(lines.eq(Text.of(text.split(/\r\n?|\n/)))).toBe(true);
  }
});
