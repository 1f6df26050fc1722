/** What the chip says of a text: never more than was compared. */
import { expect, test } from 'vitest';
import { openScript } from '../../lib/node.ts';
import { ScriptError, type TextKind } from '../../lib/node.ts';
import { byReason, chipOf } from './verdict.ts';

async function chip(text: string, verdictAt = Infinity, kind?: TextKind) {
  const session = await openScript(text, { kind });
  session.goTo(Math.min(verdictAt, session.length));
  const verdict = session.verdict();
  return chipOf({ isFresh: true, errors: [], verdict: { ...verdict, leftOut: verdict.leftOut.length, reasons: [] }, verdictAt: session.position, length: session.length });
}

const LOG = 'execve("./demo", ["./demo"], 0x7ffd11112222 /* 9 vars */) = 0\nbrk(NULL) = 0x5601aa000000\nmmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1100010000\n';

test('green is what was compared to its end', async () => {
  expect(await chip(LOG)).toMatchObject({ tone: 'good', mark: '✓', text: '2 memory calls, 2 as on Linux' });
  expect(await chip(LOG, 2)).toMatchObject({ tone: 'plain', text: expect.stringContaining('so far') });
  expect(await chip(LOG, 0)).toMatchObject({ tone: 'plain', text: '3 steps' });
  expect(await chip('munmap(0x10000, 4K) = 0')).toMatchObject({ tone: 'good', text: '1 of 1 as expected here' });
});

test('what differs, was left out or cannot be modelled is not green (fault 20)', async () => {
  expect(await chip('munmap(0x10000, 4K) = 0x1000')).toMatchObject({ tone: 'bad', text: '0 of 1 as expected here' });
  expect(await chip(`${LOG}mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = -1 EINVAL (Invalid argument)\n`)).toMatchObject({ tone: 'bad', line: 4, first: expect.stringMatching(/^mmap: result should be -1 EINVAL/) });
  expect(await chip(`${LOG}mprotect(0x7f11000100`)).toMatchObject({ tone: 'partly', text: expect.stringContaining('2 of 3 as on Linux, 1 not replayed') });
  expect(await chip('brk(NULL) = 0x8100000\nmmap2(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0xf7f10000\n')).toMatchObject({ tone: 'partly', text: expect.stringContaining('32-bit') });
});

test('what is read out says what it comes to; that a text has a mistake is no difference', async () => {
  expect((await chip(LOG)).announced).toBe('Equal: 2 memory calls, 2 as on Linux');
  expect((await chip('munmap(0x10000, 4K) = 0x1000')).announced).toMatch(/^Different: /);
  expect((await chip(LOG, 0)).announced).toBe('');
  const errors = [{ line: 3, column: 1, found: 'x', expected: 'y', message: '' }];
  expect(chipOf({ isFresh: true, errors, verdict: null, verdictAt: 0, length: 0 }).announced).toBe('Mistake: line 3: found x, expected y');
});

test('where it differs comes before what rests on assumptions: the end of the line is cut off', async () => {
  const { text, line, first } = await chip(`${LOG}mprotect(0x7f2200000000, 4096, PROT_READ) = 0\nmunmap(0x7f1100010000, 8192) = -1 EINVAL (Invalid argument)\n`);
  expect(text).toMatch(/1 differs$/);
  expect(line).toBe(5);
  expect(first).toMatch(/^munmap: result should be .*; 1 rests on what the log does not show$/);
});

test('nothing compared is nothing to boast of', async () => {
  expect(await chip('mmap(NULL, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)')).toMatchObject({ tone: 'plain', text: '1 step, nothing was compared' });
  expect(await chip('# nothing')).toMatchObject({ tone: 'plain', text: 'Nothing to run' });
  expect(chipOf({ isFresh: false, errors: [], verdict: null, verdictAt: 3, length: 3 }).tone).toBe('plain');
});

test('an error is told with its reason', async () => {
  const error: unknown = await openScript('munmap(a 4096)').catch((reason: unknown) => reason);
  const { errors } = error as ScriptError;
  expect(chipOf({ isFresh: true, errors, verdict: null, verdictAt: 0, length: 0 })).toMatchObject({ tone: 'bad', text: expect.stringMatching(/^line 1: found .*expected `,` or a closing bracket/) });
});

test('reasons go by how often they are met', () => {
  expect(byReason(['a', 'bb', 'cc'], (word) => String(word.length)).map(({ reason, members }) => [reason, members])).toEqual([['2', ['bb', 'cc']], ['1', ['a']]]);
});
