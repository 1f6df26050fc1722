import { expect, test } from 'vitest';
import { actOf } from './keys.ts';

const pressed = (key: string, more: Partial<KeyboardEvent> = {}) => actOf({ key, code: '', altKey: false, ctrlKey: false, metaKey: false, shiftKey: false, ...more });

test('letters go by their place, signs by what they write', () => {
  expect(pressed('z', { code: 'KeyW' })).toEqual(pressed('ArrowUp'));
  expect(pressed('=')).toEqual(pressed('+'));
  expect(pressed('é', { code: 'Digit2' })).toBe(null);
});

test('with Shift arrows go from page to page', () => {
  expect(pressed('ArrowRight')).toEqual({ do: 'pan', by: 1, of: 'step' });
  expect(pressed('ArrowRight', { shiftKey: true })).toEqual({ do: 'go', what: 'page', by: 1 });
  expect(pressed('<', { shiftKey: true })).toEqual({ do: 'go', what: 'page', by: -1 });
  // Many keyboards write a plus with it.
  expect(pressed('+', { shiftKey: true })).toEqual({ do: 'zoom', by: 1.4 });
});

test('keys of the browser and of the page are left to them', () => {
  expect([pressed('ArrowLeft', { altKey: true }), pressed('f', { code: 'KeyF', ctrlKey: true }), pressed('g', { code: 'KeyG', metaKey: true }), pressed('n', { code: 'KeyN' })]).toEqual([null, null, null, null]);
  expect(pressed('0', { ctrlKey: true })).toEqual({ do: 'whole' });
});
