/** Lines of the call tree and of changes that the page says in more words than the library: bits by name, what brk does, what is undone, top tables. English. */

/** Flags and their names, as constants have them. */
export type Bits = Readonly<Record<string, number>>;

const hex = (value: bigint) => `0x${value.toString(16)}`;

/** Bits by their names, what has none as a number: `PROT_READ|PROT_WRITE`. */
export function bitNames(value: string, prefix: string, bits: Bits): string {
  let rest = BigInt(value);
  const named: string[] = [];
  for (const [name, bit] of Object.entries(bits)) {
    if (bit === 0 || name.endsWith('_SHIFT') || (rest & BigInt(bit)) !== BigInt(bit)) continue;
    named.push(`${prefix}${name}`);
    rest &= ~BigInt(bit);
  }
  return [...named, ...(rest === 0n ? [] : [hex(rest)])].join('|');
}

/** What the bits of a page fault's error code say. */
function errorCode(code: number): string {
  const access = code & 16 ? 'an instruction fetch' : code & 2 ? 'a write' : 'a read';
  const cause = code & 32 ? 'the protection key forbids it' : code & 1 ? 'the entry forbids it' : 'there is no entry';
  return `${hex(BigInt(code))}: ${access} by ${code & 4 ? 'the program' : 'the kernel'}, ${cause}`;
}

export const tree = {
  flagsKnown: (names: string) => `the flag bits ${names} are all known`,
  protKnown: (names: string) => `the protection bits ${names} are all known`,
  flagsSupported: (names: string) => `the mapping flags ${names} are supported`,
  advice: (number: string, name: string) => `advice ${number} (MADV_${name}) is known`,
  errorCode: (code: number) => `error_code = ${errorCode(code)}`,
  counted: (what: string, count: number) => `${what} = ${count.toLocaleString('en')}`,
  /** `brk` refuses by answering with the break as it was: no error number is seen. */
  brkStays: 'the break stays where it is',
  /** The break is at a fixed place: only what lies there is asked for. */
  fixedSearch: 'asked with MAP_FIXED: no address is looked for, the one that is given comes back',
  undone: (call: string, result: string) => `${call} returned ${result} here. In the log it was refused: what it did is undone.`,
  /** The top table comes and goes with its address space. */
  tables: (count: number, tops: number) => `${count.toLocaleString('en')} page ${count === 1 ? 'table' : 'tables'}, ${tops === 1 ? 'a top one' : `${tops} top ones`} among them`,
};
