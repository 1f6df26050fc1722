import { describe, expect, test } from 'vitest';
import { areasOf } from '../golden/fixtures.ts';
import { neighbour, pageMeant } from './seek.ts';

/** [0x10, 0x14) program, [0x14, 0x16) heap, a gap, [0x7f000, 0x7f001) without a name. */
const areas = areasOf([
  { start: 0x10, pages: 4, cells: null, present: 0, name: '/usr/bin/program' },
  { start: 0x14, pages: 2, cells: null, present: 0, name: '[heap]' },
  { start: 0x7f000, pages: 1, cells: null, present: 0, name: '' },
]);

describe('the next one', () => {
  test('area, and no further than the last', () => {
    expect([0x11, 0x15, 0x7f000].map((page) => neighbour(areas, page, 'area', 1))).toEqual([0x14, 0x7f000, 0x7f000]);
    expect([0x11, 0x15, 0x7f000].map((page) => neighbour(areas, page, 'area', -1))).toEqual([0x10, 0x10, 0x14]);
  });

  test('page, over what is not mapped', () => {
    expect([0x11, 0x13, 0x15].map((page) => neighbour(areas, page, 'page', 1))).toEqual([0x12, 0x14, 0x7f000]);
    expect([0x11, 0x14, 0x7f000].map((page) => neighbour(areas, page, 'page', -1))).toEqual([0x10, 0x13, 0x15]);
  });

  test('from a place between areas', () => {
    expect([neighbour(areas, 0x100, 'area', 1), neighbour(areas, 0x100, 'area', -1)]).toEqual([0x7f000, 0x14]);
    expect([neighbour(areas, 0x5, 'area', 1), neighbour(areas, 0x80000, 'area', 1)]).toEqual([0x14, 0x7f000]);
  });
});

describe('what is meant', () => {
  test('an address, with or without 0x', () => {
    expect(['0x11234', '11fff', ' 7F000000 '].map((text) => pageMeant(areas, text, null))).toEqual([0x11, 0x11, 0x7f000]);
  });

  test('a part of a name, from the selected area on', () => {
    expect([pageMeant(areas, 'HEAP', null), pageMeant(areas, 'anon', null)]).toEqual([0x14, 0x7f000]);
    expect([pageMeant(areas, 'p', null), pageMeant(areas, 'p', 0x10), pageMeant(areas, 'p', 0x14)]).toEqual([0x10, 0x14, 0x10]);
  });

  test('a small number that lies in no area may be part of a name, else it is an address', () => {
    const files = areasOf([{ start: 0x20, pages: 1, cells: null, present: 0, name: '/lib/libabc.so' }]);
    expect([pageMeant(files, 'abc', null), pageMeant(files, '0xabc', null), pageMeant(files, 'fff', null)]).toEqual([0x20, 0, 0]);
  });

  test('neither', () => {
    expect([pageMeant(areas, 'nothing', null), pageMeant(areasOf([]), 'heap', null)]).toEqual([null, null]);
  });
});
