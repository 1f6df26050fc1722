/** What `/proc` prints, as data: frozen, and as a text again what the kernel prints. */

/** A list that prints itself as `/proc` does. */
export type ProcList<T> = readonly T[] & { toString(): string };

/** An area, as a line of `/proc/PID/maps` tells of it. */
export interface MapsArea {
  readonly start: bigint;
  /** First address behind. */
  readonly end: bigint;
  /** `rwxp` or `s`, `-` for what is not. */
  readonly perms: string;
  readonly offset: bigint;
  /** Major and minor number, as printed. */
  readonly dev: string;
  readonly inode: bigint;
  /** A path, `[heap]` and the like, or nothing. */
  readonly name: string;
}

/** An area, as `/proc/PID/smaps` tells of it. */
export interface SmapsArea extends MapsArea {
  /** The counters, in KiB (which the kernel writes as kB): `Size`, `Rss`, `Pss` … */
  readonly kB: Readonly<Record<string, number>>;
  /** `VmFlags`, two letters each. */
  readonly flags: readonly string[];
}

const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** Data that prints itself. */
export function printing<T extends object>(data: T, text: string | (() => string)): T & { toString(): string } {
  const print = typeof text === 'string' ? () => text : text;
  for (const value of Object.values(data)) frozen(value);
  for (const name of ['toString', INSPECT] as const) Object.defineProperty(data, name, { value: print, enumerable: false });
  return Object.freeze(data) as T & { toString(): string };
}

const LINE = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) (\S+) (\d+) *(.*)$/;

function area(line: string): MapsArea | null {
  const match = LINE.exec(line);
  if (!match) return null;
  const [, start, end, perms, offset, dev, inode, name] = match;
  return { start: BigInt(`0x${start}`), end: BigInt(`0x${end}`), perms: perms!, offset: BigInt(`0x${offset}`), dev: dev!, inode: BigInt(inode!), name: name! };
}

/** The text of maps as data. */
export function mapsOf(text: string): ProcList<MapsArea> {
  const areas = text.split('\n').map(area).filter((each) => each !== null);
  return printing(areas, text);
}

/** The text of smaps as data. */
export function smapsOf(text: string): ProcList<SmapsArea> {
  const areas: SmapsArea[] = [];
  let kB: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const head = area(line);
    if (head) {
      kB = {};
      areas.push({ ...head, kB, flags: [] });
      continue;
    }
    const [, name, value] = /^(\w+): +(.*?)(?: kB)?$/.exec(line) ?? [];
    const last = areas.at(-1);
    if (!name || !last) continue;
    if (name === 'VmFlags') (last as { flags: readonly string[] }).flags = value!.trim().split(/ +/);
    else kB[name] = Number(value);
  }
  return printing(areas, text);
}

/** Freezes plain data with all that is in it. */
export function frozen<T>(data: T): T {
  if (typeof data === 'object' && data !== null && !Object.isFrozen(data) && !ArrayBuffer.isView(data)) {
    for (const value of Object.values(data)) frozen(value);
    Object.freeze(data);
  }
  return data;
}
