/** An entry of a page table, decoded bit by bit; and where entries lie in the address space. No DOM. */
import type { BITS, ENTRY_KINDS } from '../texts/bits.ts';

export type BitName = keyof typeof BITS & string;

export interface Bit {
  readonly name: string;
  /** Number of its lowest bit. */
  readonly at: number;
  readonly isSet: boolean;
  /** What a field of several bits holds. */
  readonly value: number | null;
}

export interface Entry {
  readonly kind: keyof typeof ENTRY_KINDS;
  readonly bits: readonly Bit[];
  readonly pfn: number | null;
  /** All 64, the highest first. */
  readonly binary: string;
}

const SINGLE = [['present', 0], ['write', 1], ['user', 2], ['writeThrough', 3], ['noCache', 4], ['accessed', 5], ['dirty', 6], ['large', 7], ['global', 8], ['special', 9]] as const;
const MARKER = 10n;

/** Decodes an entry (hexadecimal, with or without `0x`) of a table; `isLast`: of the lowest level. */
export function decode(hex: string, isLast: boolean): Entry {
  const value = BigInt(hex.startsWith('0x') ? hex : `0x${hex || '0'}`);
  const bit = (at: number | bigint) => ((value >> BigInt(at)) & 1n) === 1n;
  const pfn = Number((value >> 12n) & 0xff_ffff_ffffn);
  const mapped = bit(0) || bit(8);
  const bits: Bit[] = SINGLE.map(([name, at]) => ({ name, at, isSet: bit(at), value: null }));
  bits.push({ name: 'frame', at: 12, isSet: mapped, value: mapped ? pfn : null });
  const key = Number((value >> 59n) & 15n);
  bits.push({ name: 'key', at: 59, isSet: key !== 0, value: key });
  bits.push({ name: 'noExecute', at: 63, isSet: bit(63), value: null });
  return { kind: kindOf(), bits, pfn: mapped ? pfn : null, binary: value.toString(2).padStart(64, '0') };

  function kindOf(): Entry['kind'] {
    if (value === 0n) return 'empty';
    if (bit(0)) return isLast ? 'page' : bit(7) ? 'large' : 'table';
    if (bit(8)) return 'none';
    if (bit(MARKER)) return bit(11) ? 'poison' : 'guard';
    return 'other';
  }
}

/** A level of the walk: the bits of the address that choose the entry, and how much one entry covers. */
export interface LevelShape {
  readonly name: string;
  /** Highest and lowest bit of the index. */
  readonly from: number;
  readonly to: number;
  /** Bytes that an entry covers. */
  readonly covers: bigint;
}

/** The levels of a walk, the root first. */
export function shapes(levels: 4 | 5): LevelShape[] {
  const names = levels === 5 ? ['PGD', 'P4D', 'PUD', 'PMD', 'PTE'] : ['PGD', 'PUD', 'PMD', 'PTE'];
  return names.map((name, at) => {
    const to = 12 + 9 * (levels - 1 - at);
    return { name, from: to + 8, to, covers: 1n << BigInt(to) };
  });
}

/** The index that an address has at a level. */
export const indexAt = (addr: string, shape: LevelShape): number => Number((BigInt(`0x${addr}`) >> BigInt(shape.to)) & 511n);

/** The first address that another entry of the same table covers, hexadecimal; the upper bits follow the sign. */
export function addrOfEntry(addr: string, shape: LevelShape, index: number, levels: 4 | 5): string {
  const width = BigInt(12 + 9 * levels);
  const low = BigInt(shape.to);
  const above = (BigInt(`0x${addr}`) & ((1n << width) - 1n)) >> (low + 9n) << (low + 9n);
  const found = above | (BigInt(index) << low);
  const isKernel = ((found >> (width - 1n)) & 1n) === 1n;
  return (isKernel ? found | (((1n << 64n) - 1n) >> width << width) : found).toString(16);
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `2 MiB`, as exact as the number allows. */
export function bytesWords(bytes: number | bigint): string {
  let [value, unit] = [Number(bytes), 0];
  while (value >= 1024 && unit < UNITS.length - 1) [value, unit] = [value / 1024, unit + 1];
  const shown = Number.isInteger(value) ? value.toLocaleString('en') : value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : 1 });
  return `${shown} ${unit === 0 && value === 1 ? 'byte' : UNITS[unit]}`;
}
