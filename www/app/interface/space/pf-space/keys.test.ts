import { expect, test } from 'vitest';
import { copyOnWrite } from '../../../scene/golden/fixtures.ts';
import { NO_FRAME } from '../../../worker/protocol.ts';
import { type Keyed, Keys, actOf } from './keys.ts';

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

test('from area to area each page is chosen with its frame, one that is in none without', () => {
  const [data] = copyOnWrite();
  const chosen: [page: number, pfn: number | null][] = [];
  const viewport = { lane: { data: data! }, subject: null as { pid: number; addr: string } | null, reveal: () => undefined };
  const said = { select: (pid: number, page: number, pfn: number | null) => {
    viewport.subject = { pid, addr: (page * 4096).toString(16) };
    chosen.push([page, pfn]);
  } };
  const keys = new Keys({ viewport, said, surface: { size: {} }, card: { beside: () => undefined } } as unknown as Keyed);
  const press = () => keys.pressed({ key: '.', preventDefault: () => undefined, stopPropagation: () => undefined } as KeyboardEvent);
  for (let i = 0; i < data!.areas.count; i++) press();
  const frames = chosen.map(([, pfn]) => pfn);
  expect(frames.some((pfn) => pfn !== null)).toBe(true);
  expect(frames.some((pfn) => pfn === null)).toBe(true);
  expect(frames).not.toContain(NO_FRAME);
});
