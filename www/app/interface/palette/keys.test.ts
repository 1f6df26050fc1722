/** Keys on every layout, from the one table of commands. */
import { expect, test } from 'vitest';
import { type Command, ariaKeys, commandFor, isPressed, keyList, shownKeys, singleKeys } from './keys.ts';

const press = (key: string, code = '', modifiers = '') => ({
  key, code, ctrlKey: modifiers.includes('c'), metaKey: modifiers.includes('m'), altKey: modifiers.includes('a'), shiftKey: modifiers.includes('s'),
});

test('signs are typed with AltGr and Option, letters by their place (fault 28)', () => {
  expect(isPressed(']', press(']', 'BracketRight'), false)).toBe(true);
  expect(isPressed(']', press(']', 'Digit9', 'ca'), false)).toBe(true);
  expect(isPressed(']', press(']', 'Digit6', 'as'), true)).toBe(true);
  expect(isPressed(']', press(']', 'BracketRight', 'c'), false)).toBe(false);
  expect(isPressed('?', press('?', 'Slash', 's'), false)).toBe(true);
  expect(isPressed('Mod+K', press('k', 'KeyK', 'c'), false)).toBe(true);
  expect(isPressed('Mod+K', press('k', 'KeyK', 'm'), true)).toBe(true);
  expect(isPressed('Mod+K', press('k', 'KeyK', 'c'), true)).toBe(false);
  expect(isPressed('Mod+K', press('л', 'KeyK', 'c'), false)).toBe(true);
  expect(isPressed('Mod+Shift+P', press('P', 'KeyP', 'cs'), false)).toBe(true);
  expect(isPressed('Mod+Shift+P', press('p', 'KeyP', 'c'), false)).toBe(false);
  expect(isPressed('ArrowRight', press('ArrowRight', 'ArrowRight', 's'), false)).toBe(false);
  expect(isPressed('+', press('+', 'Equal', 's'), false)).toBe(true);
});

test('keys without a modifier are no commands while one types', () => {
  const commands: Command[] = [
    { id: 'step', title: 'Step', group: 'Time', keys: [']', 'ArrowRight'], run: () => {} },
    { id: 'palette', title: 'Commands', keys: ['Mod+K'], run: () => {} },
    { id: 'off', title: 'Off', keys: ['x'], run: () => {}, isEnabled: () => false },
    { id: 'map', title: 'Zoom', group: 'Map', keys: ['W'], isElsewhere: true },
  ];
  const found = (event: ReturnType<typeof press>, typing: boolean) => commandFor(event, commands, typing ? 'text' : null, false)?.id ?? null;
  expect([found(press(']'), false), found(press(']'), true), found(press('ArrowRight'), true)]).toEqual(['step', null, null]);
  expect([found(press('k', 'KeyK', 'c'), true), found(press('x', 'KeyX'), false), found(press('w', 'KeyW'), false)]).toEqual(['palette', null, null]);
  expect(keyList(commands).map(({ group, commands: members }) => [group, members.length])).toEqual([['Time', 1], ['', 2], ['Map', 1]]);
});

test('a menu keeps the keys by which it chooses, and no others', () => {
  const commands: Command[] = [
    { id: 'step', title: 'Step', keys: [']', 'Alt+ArrowRight'], run: () => {} }, { id: 'fault', title: 'Next', keys: ['n', 'Alt+ArrowDown'], run: () => {} }, { id: 'redo', title: 'Redo', keys: ['Mod+z'], run: () => {} },
  ];
  const found = (event: ReturnType<typeof press>, apple = false) => commandFor(event, commands, 'choice', apple)?.id ?? null;
  expect([found(press(']')), found(press(']', 'Digit6', 'a'), true), found(press('ArrowRight', '', 'a')), found(press('z', 'KeyZ', 'c'))]).toEqual(['step', 'step', 'step', 'redo']);
  expect([found(press('n', 'KeyN')), found(press('т', 'KeyN')), found(press('ArrowDown', '', 'a'))]).toEqual([null, null, null]);
});

test('keys of one character can be off: with Shift too, but not what has Ctrl or Alt, nor what has a name', () => {
  const commands: Command[] = [
    { id: 'step', title: 'Step', keys: [']', 'Alt+ArrowRight'], run: () => {} }, { id: 'fault', title: 'Before', keys: ['Shift+n'], run: () => {} },
    { id: 'undo', title: 'Undo', keys: ['Mod+z', 'F9'], run: () => {} }, { id: 'zoom', title: 'Zoom', keys: ['w'], isElsewhere: true, run: () => {} },
  ];
  expect(singleKeys(commands)).toEqual([']', 'Shift+n']);
  const found = (event: ReturnType<typeof press>) => commandFor(event, commands, 'characters', false)?.id ?? null;
  expect([found(press(']')), found(press('N', 'KeyN', 's')), found(press('ArrowRight', '', 'a')), found(press('z', 'KeyZ', 'c')), found(press('F9'))]).toEqual([null, null, 'step', 'undo', 'undo']);
});

test('keys are shown as they stand on keyboards', () => {
  expect(shownKeys('Mod+Shift+P', false)).toEqual(['Ctrl', 'Shift', 'P']);
  expect(shownKeys('Mod+Shift+P', true)).toEqual(['⇧', '⌘', 'P']);
  expect(shownKeys('ArrowLeft', false)).toEqual(['←']);
  expect(ariaKeys('Mod+K', false)).toBe('Control+K');
});
