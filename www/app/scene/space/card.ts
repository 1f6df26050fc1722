/** What the card says of a place in the picture. */
import { AREA_FLAG, CELL_BIT } from '../../worker/protocol.ts';
import type { HeatMap } from '../heat.ts';
import { cellAt } from '../layout.ts';
import { HEATS, lookOfPage } from '../theme.ts';
import { type Units, addressText, grouped, pagesText, permsText } from '../units.ts';
import type { LaneScene } from './compose.ts';
import type { Hit } from './hit.ts';
import { pictures } from '../../texts/pictures.ts';

const t = pictures.card;

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
  return [[pictures.notMapped(pagesText(to - from, units)), 'strong'], [`${addressText(from, units)}-${addressText(to, units)}`, 'mono'], [t.touchIsSegv, 'quiet']];
}

function ofArea({ data: { areas } }: LaneScene, { area: i }: Hit, units: Units): CardLine[] {
  const [from, to] = [areas.start[i]!, areas.start[i]! + areas.pages[i]!];
  return [
    [areas.names[areas.name[i]!] || pictures.anonymous, 'strong'],
    [`${addressText(from, units)}-${addressText(to, units)} ${permsText(areas.perms[i]!)}`, 'mono'],
    [t.entries(pagesText(areas.pages[i]!, units), grouped(areas.present[i]!), grouped(areas.pages[i]!), areas.pages[i] === 1), 'quiet'],
    ...(areas.flags[i]! & AREA_FLAG.assumed ? [[t.assumed, 'quiet'] as const] : []),
  ];
}

function ofGroup({ data: { areas }, layout }: LaneScene, hit: Hit): CardLine {
  const isOpened = hit.from === areas.start[hit.area]! && layout.isPart[layout.axis.at(hit.page)];
  return [isOpened ? t.fold : t.unfold, 'quiet'];
}

function ofPage({ data: { areas, cells } }: LaneScene, { pid, page, area }: Hit, { units, heat, texts }: CardFacts): CardLine[] {
  const out: CardLine[] = [[t.page(addressText(page, units)), 'mono']];
  const known = cellAt(cells, page);
  if (known) {
    const bits = (['dirty', 'accessed', 'writable', 'locked'] as const).map((bit) => (known.cell & CELL_BIT[bit] ? pictures.bits[bit] : ''));
    out.push([[lookOfPage(known.cell, areas.perms[area]!).meaning, ...bits, known.pfn === null ? '' : t.frame(known.pfn)].filter(Boolean).join(' · '), 'quiet']);
  }
  const touched = heat?.get(pid)?.get(page);
  if (touched) out.push([HEATS.map((kind, k) => t.heat(touched[k]!, kind)).join(', '), 'quiet']);
  const text = texts.get(`${pid}:${page}`);
  if (text) out.push([t.begins(text), 'mono']);
  return out;
}
