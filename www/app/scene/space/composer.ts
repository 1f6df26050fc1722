/** From what the page knows to a scene: which processes have a lane, and how they are laid out. Keeps what is dear to make until it changes. */
import type { Areas, At, Place, ProcessInfo } from '../../worker/protocol.ts';
import type { View } from '../axis.ts';
import type { Comparison } from '../../model/compare.ts';
import { Heat, type HeatMap } from '../heat.ts';
import { Lanes, chooseLanes } from '../lanes.ts';
import { LARGE, type LaneData, type Layout, type LayoutOptions, MOST_CARDS, type Sums, layOut, sumsOf, withFocus } from '../layout.ts';
import type { HeatKind } from '../theme.ts';
import { type Units, pageOf } from '../units.ts';
import { type Changes, changesOf } from './changes.ts';
import { LANE_GAP, type Range, type SpaceInput, type SpaceScene, type Spot, bodyHeight, composeSpace, placeLanes } from './compose.ts';
import type { Hit } from './hit.ts';
import { suiting } from './move.ts';

/** What is to be shown. */
export interface Shown {
  readonly at: At | null;
  readonly selected: Place | null;
  /** The frame whose pages are lit. */
  readonly frame: number | null;
  /** By process. */
  readonly heat: ReadonlyMap<number, HeatMap> | null;
  readonly heatKind: HeatKind | null;
  readonly only: ReadonlySet<string> | null;
  /** What is pointed at elsewhere. */
  readonly lit: Place | null;
  /** First bytes of pages, by `pid:page`. */
  readonly texts: ReadonlyMap<string, string>;
  /** With a moment before. */
  readonly comparison: Comparison | null;
  readonly units: Units;
  readonly lowFirst: boolean;
  readonly trueScale: boolean;
  /** What is shown was read from a dump. */
  readonly isDump?: boolean;
  /** Room left free behind the first lane for another picture; 0: none. */
  readonly slotWidth: number;
}

/** How it is looked at. */
export interface Looking {
  readonly size: { readonly width: number; readonly height: number };
  /** Null: what suits. */
  readonly view: View | null;
  /** A process that must have a lane. */
  readonly pinned: number | null;
  readonly hover: Spot | null;
  readonly range: Range | null;
  readonly isMoving: boolean;
}

/** Narrower than this a lane cannot be read. */
const LEAST_ROWS = 330;
const LEAST_CARDS = 165;
/** Up to so many areas may be drawn as cards. */
const MOST_FOR_CARDS = 30;

const spotOf = (place: Place | null | undefined): Spot | null => (place ? { pid: place.pid, page: pageOf(place.addr) } : null);

export class Composer {
  /** First pages of groups that are opened. */
  private readonly opened = new Set<number>();
  /** By where the areas are: which of their pages are present is another matter, and changes with most steps. */
  private readonly layouts = new WeakMap<Float64Array, { key: string; base: Layout; focus: string; focused: Layout }>();
  private readonly sums = new WeakMap<Float64Array, { of: Uint32Array; sums: Sums }>();
  private readonly heats = new WeakMap<HeatMap, Heat>();
  private readonly changes = new WeakMap<Comparison, Changes>();
  private lanes = new Lanes();

  /** Of a text that cannot be read nothing is drawn, nor of the one before. */
  take(at: At | null): void {
    if (at) this.lanes.take(at);
    else this.lanes = new Lanes();
  }

  /** Whether laying out what is there now is work for a frame of its own: very many areas that were not laid out yet. */
  get isLarge(): boolean {
    return this.alive.some(({ pid }) => {
      const { count, start } = this.areasOf(pid);
      return count > LARGE && !this.layouts.has(start);
    });
  }

  get alive(): readonly ProcessInfo[] {
    return this.lanes.alive;
  }

  areasOf(pid: number): Areas {
    return this.lanes.areasOf(pid);
  }

  /** The version of its areas that is here. */
  version(pid: number): number {
    return this.lanes.version(pid);
  }

  /** Opens the group that was hit, or closes it: a part of an open one does that too. Whether it is open now. */
  toggle(areas: Areas, hit: Hit): boolean {
    let first = hit.area;
    if (this.opened.delete(areas.start[first]!)) return false;
    while (first > 0 && areas.name[first - 1] === areas.name[first] && areas.start[first] === areas.start[first - 1]! + areas.pages[first - 1]!) first--;
    if (this.opened.delete(areas.start[first]!)) return false;
    this.opened.add(hit.from);
    return true;
  }

  compose(shown: Shown, looking: Looking): SpaceScene {
    const { at, units, lowFirst, frame, only, texts } = shown;
    const { height } = looking.size;
    const { ended } = this.lanes;
    // A pixel of room at the edges for borders.
    const width = Math.max(60, looking.size.width - 2);
    const [touched, selected] = [spotOf(at?.touched), spotOf(shown.selected)];
    const lanes = this.chosen(shown, looking.pinned, width).map((process) => this.lanes.lane(process, units, shown.isDump));
    const slot = shown.slotWidth && lanes.length > 0 ? { behind: lanes.length === 2 ? 1 : lanes.length, width: shown.slotWidth } : null;
    const body = bodyHeight(height, ended.length);
    const layouts = this.laidOut(shown, lanes, [touched, selected], placeLanes(lanes.length, width, slot).lanes.map(({ w }) => w), body);
    const main = layouts[Math.max(0, lanes.findIndex(({ pid }) => pid === touched?.pid))];
    const view = looking.view ?? (main ? suiting(main, body, shown.trueScale) : { zoom: 1, page: 0 });
    return composeSpace({
      width, height, lanes, layouts, view, units, lowFirst, touched, selected, only, texts, slot, ended, hover: looking.hover ?? spotOf(shown.lit), range: looking.range,
      frame: frame ?? shown.selected?.pfn ?? null, heat: this.heatOf(shown), changes: shown.comparison && kept(this.changes, shown.comparison, changesOf), bytes: bytesOf(at), moving: looking.isMoving,
    });
  }

  /** Processes that have a lane: as many as can be read. */
  private chosen({ at, selected, slotWidth }: Shown, pinned: number | null, width: number): readonly ProcessInfo[] {
    const { alive } = this.lanes;
    const least = alive.every(({ areas }) => areas <= MOST_FOR_CARDS) ? LEAST_CARDS : LEAST_ROWS;
    const room = Math.floor((width - (slotWidth ? slotWidth + LANE_GAP : 0) + LANE_GAP) / (least + LANE_GAP));
    return chooseLanes(alive, room, [at?.touched?.pid, pinned, selected?.pid, at?.running]);
  }

  private laidOut({ trueScale, lowFirst }: Shown, lanes: readonly LaneData[], spots: readonly (Spot | null)[], widths: readonly number[], height: number): Layout[] {
    return lanes.map(({ pid, areas }, i) => {
      const focus = spots.filter((spot) => spot?.pid === pid).map((spot) => spot!.page);
      return this.layout(areas, { trueScale, lowFirst, opened: this.opened, focus, width: widths[i]!, height });
    });
  }

  private layout(areas: Areas, options: LayoutOptions): Layout {
    const sums = this.sumsFor(areas);
    const key = [options.trueScale, options.lowFirst, [...options.opened].join(), options.width, options.height, heightsByPresence(areas)].join();
    let known = this.layouts.get(areas.start);
    if (known?.key !== key) {
      const base = layOut(areas, { ...options, focus: [] }, sums);
      known = { key, base, focus: '', focused: base };
      this.layouts.set(areas.start, known);
    }
    const focus = options.focus.join();
    if (known.focus !== focus) Object.assign(known, { focus, focused: withFocus(known.base, options) });
    if (known.focused.sums !== sums) known.focused = { ...known.focused, sums };
    return known.focused;
  }

  private sumsFor(areas: Areas): Sums {
    const known = this.sums.get(areas.start);
    if (known?.of === areas.present) return known.sums;
    const sums = sumsOf(areas, known?.sums);
    this.sums.set(areas.start, { of: areas.present, sums });
    return sums;
  }

  private heatOf({ heatKind: kind, heat }: Shown): SpaceInput['heat'] {
    if (!kind) return null;
    return { kind, of: new Map([...(heat ?? [])].map(([pid, map]) => [pid, kept(this.heats, map, (pages) => new Heat(pages))])) };
  }
}

/** What the heights of cards have of the pages that are present: whether there are any. */
function heightsByPresence({ count, present }: Areas): string {
  return count > MOST_CARDS ? '' : Array.from(present.subarray(0, count), (pages) => (pages === 0 ? '0' : '1')).join('');
}

/** What is known of a key, made if it is not yet. */
function kept<K extends object, V>(known: WeakMap<K, V>, key: K, make: (key: K) => V): V {
  let value = known.get(key);
  if (value === undefined) known.set(key, (value = make(key)));
  return value;
}

function bytesOf(at: At | null): SpaceInput['bytes'] {
  const known = at?.selected;
  return known?.bytes ? { pid: known.place.pid, page: pageOf(known.place.addr), bytes: known.bytes, isInvented: known.isInvented } : null;
}
