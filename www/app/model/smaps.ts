/** Texts of `/proc/PID/maps` and `smaps`, line by line. No DOM. */

export interface MapsLine {
  readonly start: string;
  readonly end: string;
  readonly perms: string;
  readonly offset: string;
  readonly name: string;
  readonly text: string;
}

const HEAD = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) \S+ \S+ *(.*)$/;

/** A line of maps, or the first one of an area in smaps; null for any other. */
export function mapsLine(text: string): MapsLine | null {
  const found = HEAD.exec(text);
  return found && { start: found[1]!, end: found[2]!, perms: found[3]!, offset: found[4]!, name: found[5]!, text };
}

/** The counters of one area, in KiB (which the kernel calls kB), in their order; `VmFlags` apart. */
export function smapsFields(text: string): { fields: [name: string, kib: number][]; flags: string } {
  const fields: [string, number][] = [];
  let flags = '';
  for (const line of text.split('\n')) {
    const counter = /^(\w+): +(\d+)(?: kB)?$/.exec(line);
    if (counter) fields.push([counter[1]!, Number(counter[2])]);
    else if (line.startsWith('VmFlags:')) flags = line.slice(8).trim();
  }
  return { fields, flags };
}

export interface Block {
  readonly head: MapsLine;
  /** Lines that belong to it, the first one included: from, to (not included). */
  readonly from: number;
  readonly to: number;
}

/** Areas of a text with the lines that are theirs. */
export function blocks(lines: readonly string[]): Block[] {
  const found: { head: MapsLine; from: number; to: number }[] = [];
  lines.forEach((line, at) => {
    const head = mapsLine(line);
    if (!head) return;
    if (found.length > 0) found.at(-1)!.to = at;
    found.push({ head, from: at, to: lines.length });
  });
  return found;
}

const below = (a: string, b: string) => (a.length === b.length ? a < b : a.length < b.length);

/** The block whose area holds an address. */
export function blockAt(all: readonly Block[], addr: string): number {
  const at = addr.replace(/^0+(?=.)/, '');
  return all.findIndex(({ head }) => !below(at, head.start.replace(/^0+(?=.)/, '')) && below(at, head.end.replace(/^0+(?=.)/, '')));
}
