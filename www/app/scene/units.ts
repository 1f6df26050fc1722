/** Addresses and sizes as text. */
import { pictures } from '../texts/pictures.ts';

export interface Units { readonly addresses: 'hex' | 'dec'; readonly sizes: 'bytes' | 'pages' }
export const UNITS: Units = { addresses: 'hex', sizes: 'bytes' };

/** Pages of the space a process has: 47 bits of addresses, 12 of them in a page. */
export const SPACE_PAGES = 2 ** 35;

/** A whole number with commas; `toLocaleString` takes far longer. */
export const grouped = (value: number): string => (value < 1000 ? String(value) : String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ','));

const NAMES = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

export function pagesText(pages: number, units: Units = UNITS): string {
  if (units.sizes === 'pages') return pictures.pages(grouped(Math.round(pages)), pages === 1);
  let [value, unit] = [pages * 4, 0];
  // Up to 9,999 KiB as `smaps` has it; above with at most three digits.
  while (value >= (unit === 0 ? 10_000 : 1_000) && unit < NAMES.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || Number.isInteger(value) || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${grouped(Number(value.toFixed(digits)))} ${NAMES[unit]}`;
}

/** Hexadecimal without `0x`, as maps has it, or decimal. A part of a page is a byte in it. */
export function addressText(page: number, units: Units = UNITS): string {
  const address = Math.floor(page) * 4096 + Math.floor((page % 1) * 4096);
  return units.addresses === 'hex' ? address.toString(16) : grouped(address);
}

/** The address of a page as the worker writes it. */
export const pageAddr = (page: number): string => (Math.floor(page) * 4096).toString(16);
export const pageOf = (addr: string): number => Math.floor(Number.parseInt(addr, 16) / 4096);

export function permsText(perms: number): string {
  return `${perms & 1 ? 'r' : '-'}${perms & 2 ? 'w' : '-'}${perms & 4 ? 'x' : '-'}${perms & 8 ? 's' : 'p'}`;
}

/** What stands in a picture for a name of maps; shared memory without a name is no file to who looks. */
export const shortName = (name: string): string => (name === '' ? pictures.anonymous : name === '/dev/zero (deleted)' ? pictures.sharedAnonymous : name.replace(/^.*\/(?=[^/])/, ''));
