/** What the README and the guides show, run as it stands: `// → text` is what a line prints. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, stranger } from './packed.ts';

const project = stranger();
/** The kit's programs are in C. */
const OF_OTHERS = ['kit.md'];
const guides = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md') && !OF_OTHERS.includes(name)).map((name) => join('docs', name));
const blocks = ['README.md', ...guides].flatMap((name) => {
  const text = readFileSync(join(root, name), 'utf8');
  return [...text.matchAll(/^```(?:js|ts)\n([^]*?)^```$/gm)].map(([, code], i) => [`${name}, block ${i + 1}`, code!] as const);
});

test('there are blocks in each', () => expect(new Set(blocks.map(([name]) => name.split(',')[0])).size).toBe(guides.length + 1));

test.each(blocks)('%s', (_, code) => {
  project.write('block.mjs', code);
  const wanted = [...code.matchAll(/\/\/ → (.*)$/gm)].map(([, text]) => text!.trim());
  const { status, stdout, stderr } = project.node(['block.mjs']);
  expect(stderr).toBe('');
  if (wanted.length > 0) expect(stdout.trimEnd().split('\n')).toEqual(wanted);
  expect(status).toBe(0);
});
