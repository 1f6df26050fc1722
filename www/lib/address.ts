/** A virtual address as callers may give it: a bigint, or a number that is a safe integer. */
export type AddressLike = bigint | number;

/** A length: a number of bytes, or a text such as `'16KiB'`. */
export type LengthLike = AddressLike | string;

/** Bytes of the units in which sizes may be written. */
export const UNITS: Readonly<Record<string, bigint>> = { '': 1n, B: 1n, K: 1n << 10n, KIB: 1n << 10n, M: 1n << 20n, MIB: 1n << 20n, G: 1n << 30n, GIB: 1n << 30n, T: 1n << 40n, TIB: 1n << 40n };

/** Upper 32 bits. */
export const high = (address: bigint): number => Number(address >> 32n);
/** Lower 32 bits. */
export const low = (address: bigint): number => Number(address & 0xffff_ffffn);
