/** What is other than at the moment that is compared with, by process and page; each kind by colour, by letter and by the stroke of its border. */
import type { Comparison, Mark } from '../../model/compare.ts';
import type { Token } from '../shapes.ts';
import { pictures } from '../../texts/pictures.ts';

/** How a change is drawn. */
export interface ChangeLook {
  readonly token: Token;
  /** Of its border. */
  readonly dash: readonly number[];
  readonly meaning: string;
}

export const CHANGE_LOOK: Readonly<Record<Mark, ChangeLook>> = {
  '+': { token: 'm-new', dash: [], meaning: pictures.changes.new },
  '−': { token: 'm-gone', dash: [2, 2], meaning: pictures.changes.gone },
  '~': { token: 'm-changed', dash: [6, 3], meaning: pictures.changes.changed },
};

export interface Gone { readonly from: number; readonly to: number; readonly name: string }

/** The changes of one process. */
export interface LaneChanges {
  /** It was not there. */
  readonly isNew: boolean;
  /** By first page. */
  readonly areas: ReadonlyMap<number, Mark>;
  readonly pages: ReadonlyMap<number, Mark>;
  readonly gone: readonly Gone[];
}

export type Changes = ReadonlyMap<number, LaneChanges>;

const pageOf = (addr: string): number => Number(BigInt(`0x${addr}`) >> 12n);

export function changesOf({ processes, areas, pages }: Comparison): Changes {
  const all = new Map<number, { isNew: boolean; areas: Map<number, Mark>; pages: Map<number, Mark>; gone: Gone[] }>();
  const of = (pid: number) => {
    let one = all.get(pid);
    if (!one) all.set(pid, (one = { isNew: false, areas: new Map(), pages: new Map(), gone: [] }));
    return one;
  };
  for (const { pid, mark } of processes) of(pid).isNew = mark === '+';
  for (const { pid, mark, start, end, name } of areas) {
    if (mark === '−') of(pid).gone.push({ from: pageOf(start), to: pageOf(end), name });
    else of(pid).areas.set(pageOf(start), mark);
  }
  for (const { pid, mark, addr } of pages) of(pid).pages.set(pageOf(addr), mark);
  return all;
}
