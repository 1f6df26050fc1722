/** The tables of words are whole: whatever the core can say has its entry. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openScript } from '../../lib/node.ts';
import { BITS, CELL_WORDS } from './bits.ts';
import { PRICES } from './costs.ts';
import { FLAG_TEXTS, flagLines, permissionLines } from './flags.ts';
import { FUNCTIONS } from './functions.ts';
import { ERRNOS, RULE_NAMES, pageOf, ruleOf } from './rules.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const source = (name: string) => readFileSync(join(ROOT, 'crate/src', name), 'utf8');
const files = (folder: string, ending: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && entry.name.endsWith(ending)).map((entry) => join(entry.parentPath, entry.name));

test('every flag that the core prints has a name and a sentence', () => {
  const printed = [...source('flags.rs').matchAll(/\(VmFlags::(\w+), "(\w\w)"\)/g)];
  expect(printed.length).toBeGreaterThan(30);
  for (const [, name, letters] of printed) expect(FLAG_TEXTS[letters!]?.name, letters).toBe(`VM_${name}`);
  for (const { sentence } of Object.values(FLAG_TEXTS)) expect(sentence).toMatch(/\.$/);
  expect(flagLines('rd zz').map(({ name }) => name)).toEqual(['VM_READ', 'zz']);
  expect(permissionLines('r--s').map(({ letter, isSet }) => [letter, isSet])).toEqual([['r', true], ['w', false], ['x', false], ['s', true]]);
});

test('every error number and every reason of the core has its place in a manual page', () => {
  for (const [, name, number] of source('errno.rs').matchAll(/^ {4}(E\w+) = (\d+), /gm)) expect(ERRNOS[name!]?.[0], name).toBe(Number(number));
  const why = source('why.rs');
  const names = (name: string) => [...why.slice(why.indexOf(`pub enum ${name} {`)).split('\n}')[0]!.matchAll(/^ {4}([A-Z]\w+)[ ,]/gm)].map(([, found]) => found!);
  expect(names('Why').length).toBeGreaterThan(70);
  expect(names('Why').filter((name) => !RULE_NAMES.why.includes(name))).toEqual([]);
  expect(names('SignalWhy').filter((name) => !RULE_NAMES.signal.includes(name))).toEqual([]);
  expect(ruleOf('mmap', 'ZeroLength', false)).toEqual({ page: 'man 2 mmap', section: 'ERRORS', rule: 'The length must be greater than 0.' });
  expect(ruleOf('mmap', 'DataLimit', false).page).toBe('man 2 getrlimit');
  expect(ruleOf('load', 'PastEof', true).rule).toMatch(/^SIGBUS/);
  expect([pageOf('munlockall'), pageOf('load'), pageOf('mseal')]).toEqual(['man 2 mlock', 'man 2 mmap', 'man 2 mseal']);
});

test('bits, cells and prices have words', () => {
  for (const { name, set, clear } of Object.values(BITS)) expect([name, set, clear].every(Boolean)).toBe(true);
  for (const cell of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15]) expect(CELL_WORDS[cell]).toBeTruthy();
  for (const { cycles, source: from } of Object.values(PRICES)) {
    expect(cycles).toBeGreaterThan(0);
    expect(from).toMatch(/^(Measured|Rule of thumb|Estimate): .*\.$/);
  }
});

test('every function that the scripts trace has a sentence and its file', async () => {
  const [seen, missing] = [new Set<string>(), new Set<string>()];
  let read = 0;
  for (const file of files('tests/scripts', '.pf')) {
    const session = await openScript(readFileSync(file, 'utf8')).catch(() => null);
    if (!session) continue;
    // Step by step: what happened inside is kept of the last steps only.
    for (let step = 0; step < session.length; step++) {
      try {
        session.goTo(step + 1);
      } catch {
        break;
      }
      for (const { kind, text } of session.explain(step)?.tree ?? []) {
        if (kind !== 'call') continue;
        seen.add(text);
        if (!FUNCTIONS[text]) missing.add(text);
      }
    }
    read++;
    session.free();
  }
  expect([...missing]).toEqual([]);
  expect(read).toBeGreaterThan(300);
  expect(seen.size).toBeGreaterThan(70);
}, 300_000);

test('what the source can trace has a sentence too', () => {
  const traced = new Set<string>();
  for (const file of files('crate/src', '.rs')) {
    for (const [, name] of readFileSync(file, 'utf8').matchAll(/\b(?:call|call_with|enter|enter_leaf|leaf)\(\s*"([^"]+)"/g)) traced.add(name!);
    for (const [, name] of readFileSync(file, 'utf8').matchAll(/fn (?:fault_name|name)\(&self\) -> &'static str \{\s*"(\w+_(?:fault|mmap))"/g)) traced.add(name!);
  }
  expect(traced.size).toBeGreaterThan(60);
  expect([...traced].filter((name) => !FUNCTIONS[name])).toEqual([]);
});

test('sentences have one word for 1,024 bytes: kB stands only where the kernel prints it', () => {
  const folder = new URL('.', import.meta.url);
  const texts = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  expect(texts.length).toBeGreaterThan(5);
  expect(texts.flatMap((name) => (readFileSync(new URL(name, folder), 'utf8').match(/.*\b[kKMG]B\b.*/g) ?? []).map((line) => `${name}: ${line.trim()}`))).toEqual([]);
});
