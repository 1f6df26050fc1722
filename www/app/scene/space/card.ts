/** What the card says of a place in the picture. */
import { AREA_FLAG, CELL_BIT, NO_FRAME } from '../../worker/protocol.ts';
import type { HeatMap } from '../heat.ts';
import { cellAt } from '../layout.ts';
import { HEATS, lookOfPage } from '../theme.ts';
import { type Units, addressText, grouped, pagesText, permsText } from '../units.ts';
import type { LaneScene } from './compose.ts';
import type { Hit } from './hit.ts';

export type CardLine = readonly [text: string, kind: 'strong' | 'mono' | 'quiet'];

/** What is known of pages besides their lane. */
export interface CardFacts {
  readonly units: Units;
  /** By process. */
  readonly heat: ReadonlyMap<number, HeatMap> | null;
  /** First bytes of pages, by `pid:page`. */
  readonly texts: ReadonlyMap<string, string>;
}

export function cardLines(lane: LaneScene, hit: Hit, facts: CardFacts): CardLine[] {
  if (hit.area < 0) return ofGap(hit, facts.units);
  return [...ofArea(lane, hit, facts.units), ...(hit.what === 'group' ? [ofGroup(lane, hit)] : hit.what === 'page' ? ofPage(lane, hit, facts) : [])];
}

function ofGap({ from, to }: Hit, units: Units): CardLine[] {
  return [[`${pagesText(to - from, units)} not mapped`, 'strong'], [`${addressText(from, units)}-${addressText(to, units)}`, 'mono'], ['A touch here is SIGSEGV.', 'quiet']];
}

function ofArea({ data: { areas } }: LaneScene, { area: i }: Hit, units: Units): CardLine[] {
  const [from, to] = [areas.start[i]!, areas.start[i]! + areas.pages[i]!];
  return [
    [areas.names[areas.name[i]!] || 'anonymous', 'strong'],
    [`${addressText(from, units)}-${addressText(to, units)} ${permsText(areas.perms[i]!)}`, 'mono'],
    [`${pagesText(areas.pages[i]!, units)}, ${grouped(areas.present[i]!)} of ${grouped(areas.pages[i]!)} ${areas.pages[i] === 1 ? 'entry' : 'entries'} set`, 'quiet'],
    ...(areas.flags[i]! & AREA_FLAG.assumed ? [['Assumed: the log does not show it being mapped.', 'quiet'] as const] : []),
  ];
}

function ofGroup({ data: { areas }, layout }: LaneScene, hit: Hit): CardLine {
  const isOpened = hit.from === areas.start[hit.area]! && layout.isPart[layout.axis.at(hit.page)];
  return [isOpened ? 'Click to fold the parts of this file' : 'Click to show the parts of this file', 'quiet'];
}

function ofPage({ data: { areas, cells } }: LaneScene, { pid, page, area }: Hit, { units, heat, texts }: CardFacts): CardLine[] {
  const out: CardLine[] = [[`page ${addressText(page, units)}`, 'mono']];
  const known = cellAt(cells, page);
  if (known) {
    const bits = [known.cell & CELL_BIT.dirty ? 'dirty' : '', known.cell & CELL_BIT.accessed ? 'accessed' : '', known.cell & CELL_BIT.writable ? 'writable' : '', known.cell & CELL_BIT.locked ? 'locked' : ''];
    out.push([[lookOfPage(known.cell, areas.perms[area]!).meaning, ...bits, known.pfn === NO_FRAME ? '' : `frame ${known.pfn}`].filter(Boolean).join(' · '), 'quiet']);
  }
  const touched = heat?.get(pid)?.get(page);
  if (touched) out.push([HEATS.map((kind, k) => `${touched[k]} ${kind}`).join(', '), 'quiet']);
  const text = texts.get(`${pid}:${page}`);
  if (text) out.push([`begins "${text}"`, 'mono']);
  return out;
}
