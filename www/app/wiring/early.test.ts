import { expect, test } from 'vitest';
import type { Command } from '../interface/palette/keys.ts';
import { Early } from './early.ts';

const press = (key: string) => ({ key, code: '', ctrlKey: false, metaKey: false, altKey: false, shiftKey: false }) as KeyboardEvent;

test('what is pressed while a text is read is done once it is, in its order; what cannot be done then is not', () => {
  let isReading = true;
  let at = 0;
  const done: string[] = [];
  const commands: Command[] = [
    { id: 'step', title: '', keys: [']'], isEnabled: () => !isReading && at < 2, run: () => void done.push(`step ${++at}`) },
    { id: 'back', title: '', keys: ['['], isEnabled: () => !isReading && at > 0, run: () => void done.push(`back ${--at}`) },
    { id: 'help', title: '', keys: ['?'], run: () => void done.push('help') },
  ];
  const early = new Early(() => isReading);
  for (const key of [']', '?', ']', ']', '[', 'q']) early.commandFor(press(key), commands, null)?.run!();
  early.catchUp();
  expect(done).toEqual(['help']);
  isReading = false;
  early.catchUp();
  early.catchUp();
  expect(done).toEqual(['help', 'step 1', 'step 2', 'back 1']);
  expect(early.commandFor(press(']'), commands, null)?.id).toBe('step');
  at = 2;
  expect(early.commandFor(press(']'), commands, null)).toBe(null);
});
