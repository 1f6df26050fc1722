import { expect, test } from 'vitest';
import { type At, type Cells, NO_FRAME, type Place } from '../worker/protocol.ts';
import { frameOf, lookedFrame } from './frame.ts';

const place = (addr: string, pid = 1): Place => ({ pid, addr, pfn: null });
/** Pages 16 and 17 of process 1 are in sight, the first in frame 5. */
const at = (touched: Place | null, selected: { readonly place: Place; readonly physical: string | null } | null = null) => ({
  touched,
  lanes: [{ pid: 1, cells: [{ page: 16, pfn: Uint32Array.of(5, NO_FRAME) } as Cells] }],
  selected: selected && { place: selected.place, walk: { physical: selected.physical } },
}) as unknown as At;

test('a page is in the frame that the picture shows, or that was looked up where it is out of sight', () => {
  expect(frameOf(at(null), place('10123'))).toBe(5);
  expect(frameOf(at(null), place('11000'))).toBe(null);
  expect(frameOf(at(null), place('99000'))).toBe(null);
  const looked = at(null, { place: place('99008'), physical: '7008' });
  expect(frameOf(looked, place('99000'))).toBe(7);
  expect(frameOf(looked, place('98000'))).toBe(null);
  expect(frameOf(looked, place('99000', 2))).toBe(null);
});

test('a page that is selected and in no frame has no frame: not that of the page that the step touched', () => {
  const touched = at(place('10000'));
  expect(lookedFrame(touched, null)).toBe(5);
  expect(lookedFrame(touched, place('11000'))).toBe(null);
  expect(lookedFrame(touched, { ...place('11000'), pfn: 9 })).toBe(9);
});
