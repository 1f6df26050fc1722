/** Where the window goes: what suits, all of it, and what hands and keys do. */
import { type Axis, type View, fitRange, pan, reveal, scrollOf, zoomAbout } from '../axis.ts';
import type { Layout } from '../layout.ts';
import type { LaneScene, SpaceScene } from './compose.ts';
import { hitSpace } from './hit.ts';

/** The lane below a place; beside all of them it is the first. */
export function laneAt(scene: SpaceScene, x: number): LaneScene | undefined {
  return scene.lanes.find(({ box }) => x >= box.x && x < box.x + box.w) ?? scene.lanes[0];
}

/** Everything with few areas, rows that can be read with many. */
export function suiting({ axis, cards }: Layout, height: number, trueScale: boolean): View {
  const zoom = trueScale || axis.length(1) >= height ? 1 : Math.min(cards ? 1.3 : 1.5, axis.zoomFor(height));
  return { zoom, page: axis.toPage(0, zoom) };
}

/** All of the space in the window. */
export function whole({ layout: { axis }, box }: LaneScene): View {
  return { zoom: Math.min(1, axis.zoomFor(box.h)), page: axis.toPage(0, 1e-9) };
}

/** The middle of the window at a page. */
export function centred({ layout: { axis }, box, zoom }: LaneScene, page: number): View {
  return pan(axis, { zoom, page: axis.toPage(0, zoom) }, axis.toPixel(page, zoom) - box.h / 2, box.h);
}

export function panned({ input }: SpaceScene, { layout: { axis }, box }: LaneScene, by: number): View {
  return pan(axis, input.view, by, box.h);
}

/** Zoomed about a place of the picture. */
export function zoomed(scene: SpaceScene, lane: LaneScene, factor: number, x: number, y: number): View {
  const { axis } = lane.layout;
  const { view } = scene.input;
  const inLane = Math.min(lane.box.h, Math.max(0, y - lane.box.y));
  return zoomAbout(axis, view, factor, inLane, lane.box.h, heldPage(scene, lane, axis, x, y, inLane));
}

/** In a row pages lie beside each other: the one under the pointer is kept, not the one of its height. */
function heldPage(scene: SpaceScene, lane: LaneScene, axis: Axis, x: number, y: number, inLane: number): number {
  const byHeight = axis.toPage(scrollOf(axis, scene.input.view, lane.box.h) + inLane, lane.zoom);
  const hit = hitSpace(scene, x, y);
  return hit?.what === 'page' && Math.floor(byHeight) !== hit.page ? hit.page + 0.5 : byHeight;
}

/** A page is brought well inside the window, if it is not there. */
export function revealed({ input }: SpaceScene, { layout: { axis }, box }: LaneScene, page: number): View {
  return reveal(axis, input.view, page, box.h);
}

/** Pages from … to (not included) fill the window. */
export function filled({ layout: { axis }, box }: LaneScene, from: number, to: number): View {
  return fitRange(axis, from, to, box.h);
}
