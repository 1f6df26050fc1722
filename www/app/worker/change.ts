/** When a page became another: what stands in it, which frame holds it, or only how its entry lets it be used. */
import type { Core } from './core.ts';
import { ACCESS, CELL, CELL_BIT, ENDING, ENDING_BITS, NO_FRAME, type Place, type Tracks } from './protocol.ts';

/** What the CPU notes of a page's use is no change of it. */
const USE = CELL_BIT.dirty | CELL_BIT.accessed;
const PAGE = 4096;

interface State {
  readonly pfn: number;
  /** What the page is, and how its entry lets it be used. */
  readonly cell: number;
  readonly bytes: Uint8Array | null;
}

/** Positions after whose steps a page was another, and those after which only its entry was. */
export interface Changes {
  readonly page: readonly number[];
  readonly entry: readonly number[];
}

/** Runs and watches one page. Before a process was made the page was its parent's: fork writes nothing. */
export class PageWatch {
  readonly #core: Core;
  readonly #addr: bigint;
  /** From which position on a process has the page, the youngest first. */
  readonly #owners: { readonly from: number; readonly pid: number }[] = [];
  #before: State | null = null;

  constructor(core: Core, { pid, addr }: Pick<Place, 'pid'> & { readonly addr: bigint }) {
    this.#core = core;
    this.#addr = addr - (addr % BigInt(PAGE));
    const { child, pid: ran } = core.tracks(0);
    for (let one = pid; ;) {
      const born = child.indexOf(one);
      this.#owners.push({ from: born + 1, pid: one });
      if (born < 0) break;
      one = ran[born]!;
    }
  }

  /** Forgets what it saw: the session stands elsewhere. */
  begin(): void {
    this.#before = null;
  }

  /** Runs at most so many steps. */
  run(most: number): Changes {
    const core = this.#core;
    const start = core.position;
    const found = { page: [] as number[], entry: [] as number[] };
    let before = (this.#before ??= this.#state());
    const end = Math.min(start + most, core.length);
    try {
      while (core.position < end) {
        core.run(1);
        const after = this.#state();
        if (!isSame(before, after)) found.page.push(core.position);
        else if (before.cell !== after.cell) found.entry.push(core.position);
        before = after;
      }
    } finally {
      this.#before = before;
    }
    return { page: this.#withWrites(found.page, core.tracks(start), start, end), entry: found.entry };
  }

  #owner(position: number): number {
    return (this.#owners.find(({ from }) => position >= from) ?? this.#owners.at(-1)!).pid;
  }

  #state(): State {
    const core = this.#core;
    const pid = this.#owner(core.position);
    const { cells, pfn } = core.cells(pid, Number(this.#addr / BigInt(PAGE)), 1);
    const frame = pfn[0] ?? NO_FRAME;
    return { pfn: frame, cell: cells[0] === CELL.none ? CELL.absent : (cells[0] ?? CELL.absent) & ~USE, bytes: frame === NO_FRAME ? null : core.pageBytes(pid, this.#addr) };
  }

  /** A store of what stands there already is a write all the same. */
  #withWrites(changed: readonly number[], tracks: Tracks, start: number, end: number): number[] {
    const all = new Set(changed);
    const page = Number(this.#addr / BigInt(PAGE));
    for (let i = 0; i < end - start && i < tracks.page.length; i++) {
      const isWrite = tracks.access[i] === ACCESS.write && (tracks.ending[i]! & ENDING_BITS) === ENDING.ok;
      if (isWrite && tracks.page[i] === page && tracks.pid[i] === this.#owner(start + i + 1)) all.add(start + i + 1);
    }
    return [...all].sort((a, b) => a - b);
  }
}

function isSame(a: State, b: State): boolean {
  if (a.pfn !== b.pfn || (a.bytes === null) !== (b.bytes === null)) return false;
  return a.bytes === null || b.bytes === null || a.bytes.every((byte, i) => byte === b.bytes![i]);
}
