/**
 * The one seam for arguments: whatever a caller passes is looked at here, and nothing else crosses into the core. Each
 * function gives the value in the form the core takes, or throws a `TypeError` (another kind of thing) or a `RangeError`
 * (the right kind, out of bounds) that names the call, the argument, what was given and what is wanted.
 */
import { type AddressLike, type LengthLike, UNITS } from './address.ts';

const TWO_64 = 1n << 64n;
const LOWEST = -(1n << 63n);

/** What was given, short enough for a message. */
function shown(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value) ? 'an array' : `an object (${value.constructor?.name ?? 'without a class'})`;
}

function message(call: string, argument: string, value: unknown, wanted: string): string {
  return value === undefined ? `${call}: ${argument} is missing: ${wanted} is wanted` : `${call}: ${argument} is ${shown(value)}: ${wanted} is wanted`;
}

/** Another kind of thing than is wanted. */
export function wrongType(call: string, argument: string, value: unknown, wanted: string): TypeError {
  return new TypeError(message(call, argument, value, wanted));
}

/** Something to call, or a TypeError. */
export function callable(call: string, argument: string, value: unknown): void {
  if (typeof value !== 'function') throw wrongType(call, argument, value, 'a function');
}

/** The right kind of thing, out of bounds. */
export function outOfRange(call: string, argument: string, value: unknown, wanted: string): RangeError {
  return new RangeError(message(call, argument, value, wanted));
}

/** A word of 64 bits: a bigint of −2^63 to 2^64−1, or a number that is a safe integer. */
export function word(call: string, argument: string, value: unknown): bigint {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw outOfRange(call, argument, value, 'a safe integer, or a bigint such as 0x7fff_0000_0000n,');
    return value >= 0 ? BigInt(value) : BigInt.asUintN(64, BigInt(value));
  }
  if (typeof value !== 'bigint') throw wrongType(call, argument, value, 'a bigint or a safe integer');
  if (value >= TWO_64 || value < LOWEST) throw outOfRange(call, argument, value, 'a number of 64 bits');
  return value >= 0n ? value : BigInt.asUintN(64, value);
}

/** A length in bytes: as a word, not negative, or a text such as `'16KiB'`. */
export function size(call: string, argument: string, value: unknown): bigint {
  if (typeof value !== 'string') {
    const bytes = word(call, argument, value);
    if ((value as AddressLike) < 0) throw outOfRange(call, argument, value, 'a size of 0 or more');
    return bytes;
  }
  const match = /^\s*(\d+)\s*([a-z]*)\s*$/i.exec(value);
  const unit = match ? UNITS[match[2]!.toUpperCase()] : undefined;
  if (!match || unit === undefined) throw outOfRange(call, argument, value, "a size such as 4096, 4096n or '16KiB'");
  const bytes = BigInt(match[1]!) * unit;
  if (bytes >= TWO_64) throw outOfRange(call, argument, value, 'a size of 64 bits');
  return bytes;
}

/** A whole number from `least` to `most`; a bigint in these bounds is taken too. */
export function integer(call: string, argument: string, value: unknown, least: number, most: number): number {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number') throw wrongType(call, argument, value, `an integer from ${least} to ${most}`);
  if (!Number.isInteger(number) || number < least || number > most) throw outOfRange(call, argument, value, `an integer from ${least} to ${most}`);
  return number;
}

/** A number of bytes as people write it. */
function inUnits(value: number): string {
  const [unit, name] = ([[2 ** 30, 'GiB'], [2 ** 20, 'MiB'], [1024, 'KiB']] as const).find(([unit]) => value >= unit && value % unit === 0) ?? [1, 'bytes'];
  return `${value / unit} ${name}`;
}

/** A size that fits the core's own numbers, from `least` to `most` bytes. */
export function bytes(call: string, argument: string, value: LengthLike | undefined, least: number, most: number): number {
  const given = size(call, argument, value);
  if (given < BigInt(least) || given > BigInt(most)) throw outOfRange(call, argument, value, `a size from ${inUnits(least)} to ${inUnits(most)}`);
  return Number(given);
}

/** Any text, or a TypeError. */
export function anyText(call: string, argument: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw wrongType(call, argument, value, 'a text');
}

/** A text; one that the kernel would take to its first NUL is refused. */
export function text(call: string, argument: string, value: unknown): string {
  anyText(call, argument, value);
  if (value.includes('\0')) throw outOfRange(call, argument, value, 'a text without NUL');
  return value;
}

const encoder = new TextEncoder();

/** Bytes to write: a text in UTF-8, a Uint8Array, an ArrayBuffer. */
export function contents(call: string, argument: string, value: unknown): Uint8Array {
  if (typeof value === 'string') return encoder.encode(value);
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw wrongType(call, argument, value, 'a Uint8Array, an ArrayBuffer or a text (of another view: new Uint8Array(view.buffer, view.byteOffset, view.byteLength))');
}

/** The bits of names: a number of 32 bits, or names of `bits` joined by `|`. */
export function flags(call: string, argument: string, value: unknown, bits: Readonly<Record<string, number>>, prefix: string): number {
  if (typeof value !== 'string') return integer(call, argument, value, 0, 0xffff_ffff);
  let all = 0;
  for (const name of value.split('|')) {
    const bit = bits[name.trim().toUpperCase().replace(prefix, '')];
    if (bit === undefined) throw outOfRange(call, argument, name.trim(), `one of ${Object.keys(bits).join(', ')}`);
    all |= bit;
  }
  return all >>> 0;
}

/** The number of one name of `numbers`. */
export function one(call: string, argument: string, value: string, numbers: Readonly<Record<string, number>>, prefix: string): number {
  const number = numbers[value.trim().toUpperCase().replace(prefix, '')];
  if (number === undefined) throw outOfRange(call, argument, value, `one of ${Object.keys(numbers).join(', ')}`);
  return number;
}

/** An object of options that has no other keys than these. */
export function options<T extends object>(call: string, value: unknown, known: readonly string[]): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType(call, 'its options', value, 'an object');
  // Without a list of its keys: that would be an object made in every call.
  for (const key in value) {
    if (!known.includes(key)) throw new TypeError(`${call}: the option ${JSON.stringify(key)} is not known: one of ${known.join(', ')}`);
  }
  return value as T;
}

/** `0x…` in lowercase. Throws a TypeError or RangeError for what is no word of 64 bits. */
export const hex = (value: AddressLike): string => `0x${word('hex', 'value', value).toString(16)}`;
