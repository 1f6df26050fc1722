/** A place has one mark, whatever names it; of areas the one that it is in. */
import { expect, test } from 'vitest';
import type { Areas } from '../worker/protocol.ts';
import { markOf, marksOf, placeOf } from './lit.ts';

const areas = { count: 2, start: Float64Array.of(0x400, 0x7ffff7ff3), pages: Float64Array.of(2, 4) } as Areas;

test('any address of a page has its mark, with zeros in front or without', () => {
  expect(['400000', '00400000', '400fff'].map((addr) => markOf(1, addr))).toEqual(['1:400', '1:400', '1:400']);
  expect(placeOf(markOf(2, '7ffff7ff3abc'))).toEqual({ pid: 2, addr: '7ffff7ff3000', pfn: null });
});

test('the area is the one that the page is in', () => {
  const of = (addr: string) => marksOf({ pid: 1, addr, pfn: null }, areas).area;
  expect([of('401fff'), of('7ffff7ff6000'), of('402000'), of('1000'), of('7ffff7ff7000')]).toEqual(['1:400', '1:7ffff7ff3', null, null, null]);
  expect(marksOf({ pid: 1, addr: '1000', pfn: null }, null)).toEqual({ page: '1:1', area: null });
});
