/** A virtual address as callers may give it: a bigint, or a number that is a safe integer. */
export type AddressLike = bigint | number;

/** The address as a bigint of 64 bits. Throws a RangeError for a number that is not a safe integer. */
export function toAddress(value: AddressLike, what = 'address'): bigint {
  if (typeof value === 'bigint') return BigInt.asUintN(64, value);
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(`${what} ${value} is not a safe integer: pass a bigint such as ${BigInt(Math.trunc(value) || 0)}n`);
  }
  return BigInt.asUintN(64, BigInt(value));
}

/** Upper 32 bits. */
export const high = (address: bigint): number => Number(address >> 32n);
/** Lower 32 bits. */
export const low = (address: bigint): number => Number(address & 0xffff_ffffn);
/** `0x…` in lowercase. */
export const hex = (value: AddressLike): string => `0x${toAddress(value).toString(16)}`;

const UNITS: Record<string, bigint> = { '': 1n, B: 1n, K: 1n << 10n, KIB: 1n << 10n, M: 1n << 20n, MIB: 1n << 20n, G: 1n << 30n, GIB: 1n << 30n };

/** A length: a number of bytes, or a text such as `'16KiB'`. */
export type LengthLike = AddressLike | string;

/** The length in bytes. Throws a RangeError for a text that is no size. */
export function toLength(value: LengthLike): bigint {
  if (typeof value !== 'string') return toAddress(value, 'length');
  const match = /^\s*(\d+)\s*([a-z]*)\s*$/i.exec(value);
  const unit = match ? UNITS[match[2]!.toUpperCase()] : undefined;
  if (!match || unit === undefined) throw new RangeError(`length ${JSON.stringify(value)} is no size: write for instance '16KiB'`);
  return BigInt(match[1]!) * unit;
}
