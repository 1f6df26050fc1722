/** Which part of the address spaces is in the window, and what is marked there. Knows no element. */
import type { At, Place } from '../../../worker/protocol.ts';
import type { View } from '../../../scene/axis.ts';
import { pageOf } from '../../../scene/units.ts';
import type { LaneScene, Range, SpaceScene, Spot } from '../../../scene/space/compose.ts';
import { Composer, type Shown } from '../../../scene/space/composer.ts';
import { gaze } from '../../../scene/space/hit.ts';
import { centred, filled, laneAt, panned, revealed, whole, zoomed } from '../../../scene/space/move.ts';

/** What is painted on: `follow` has it done anew with the next frame. */
export interface Pane {
  readonly size: { readonly width: number; readonly height: number };
  follow(): void;
}

/** After so many ms without one a movement is over. */
const STILL = 140;

export class Viewport {
  readonly composer = new Composer();
  /** The last picture, to ask where things are. */
  scene: SpaceScene | null = null;
  /** Null: what suits. */
  view: View | null = null;
  hover: Spot | null = null;
  range: Range | null = null;
  isMoving = false;
  readonly #shown: Shown;
  readonly #pane: Pane;
  readonly #moves: () => void;
  #pinned: number | null = null;
  #seen: At | null = null;
  #revealed = '';
  /** Where the areas were that it was found in: those of a step may come after its position. */
  #among: Float64Array | null = null;
  #height = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `moves` is told when the window is moved over the picture. */
  constructor(shown: Shown, pane: Pane, moves: () => void) {
    this.#shown = shown;
    this.#pane = pane;
    this.#moves = moves;
  }

  /* ------------------------------------------------------------ the scene */

  compose(): SpaceScene {
    const { view, hover, range, isMoving } = this;
    return this.composer.compose(this.#shown, { size: this.#pane.size, view, pinned: this.#pinned, hover, range, isMoving });
  }

  /** The scene to paint now. */
  next(): SpaceScene {
    const scene = this.compose();
    return (this.scene = this.#bringIn(scene) ? this.compose() : scene);
  }

  /** A step's page is brought into the window once; then the reader may go elsewhere. Whether that moved the window. */
  #bringIn(scene: SpaceScene): boolean {
    const { at } = this.#shown;
    // In another window it may be out of it.
    const { height } = this.#pane.size;
    if (height !== this.#height) this.#revealed = '';
    const isNew = at !== this.#seen || height !== this.#height;
    this.#height = height;
    this.#seen = at;
    const { touched, view } = scene.input;
    const mark = touched ? `${at?.position}:${touched.pid}:${touched.page}` : '';
    const lane = isNew && touched ? laneOf(scene, touched.pid) : undefined;
    if (!lane || lane.data.areas.count === 0 || (mark === this.#revealed && lane.data.areas.start === this.#among)) return false;
    [this.#revealed, this.#among] = [mark, lane.data.areas.start];
    const next = revealed(scene, lane, touched!.page);
    if (next === view) return false;
    this.view = next;
    return true;
  }

  /** Where everything is has changed: what suits again. */
  reset(): void {
    this.view = null;
    this.#revealed = '';
  }

  /* ------------------------------------------------------------ what is looked at */

  /** What keys and words are about: what is selected, else what the step touched. */
  get subject(): Place | null {
    return this.#shown.selected ?? this.#shown.at?.touched ?? null;
  }

  /** The lane that keys and words are about. */
  get lane(): LaneScene | undefined {
    const scene = this.#now();
    return scene?.lanes.find(({ data }) => data.pid === this.subject?.pid) ?? scene?.lanes[0];
  }

  /** What keys zoom about. */
  get gaze(): { readonly x: number; readonly y: number } {
    const [scene, { lane }] = [this.#now(), this];
    return lane && scene ? gaze(scene, lane) : { x: 0, y: 0 };
  }

  /* ------------------------------------------------------------ ways of moving */

  /** What suits again: everything with few areas, rows that can be read with many. */
  fit(): void {
    this.range = null;
    this.#goTo(null);
  }

  /** All of the space in the window. */
  whole(): void {
    const lane = this.#now()?.lanes[0];
    if (lane) this.#goTo(whole(lane));
  }

  /** Brings a page into the window; its process gets a lane. */
  reveal(place: { readonly pid: number; readonly addr: string }): void {
    this.#pinned = place.pid;
    const scene = this.compose();
    const lane = laneOf(scene, place.pid);
    this.#goTo(lane ? revealed(scene, lane, pageOf(place.addr)) : this.view);
  }

  /** Gives a process a lane. */
  pin(pid: number): void {
    this.#pinned = pid;
    this.#pane.follow();
  }

  /** Zooms to pages from … to (not included). */
  zoomTo({ pid, from, to }: Range): void {
    const lane = laneOf(this.compose(), pid);
    if (lane) this.#goTo(filled(lane, from, to));
  }

  /** Moves the middle of the window to a page. */
  centre(page: number): void {
    const lane = this.#now()?.lanes[0];
    if (lane) this.#move(centred(lane, page));
  }

  pan(lane: LaneScene | undefined, by: number): void {
    const scene = this.#now();
    // The lane may be that of the last picture.
    const now = lane && scene ? laneOf(scene, lane.data.pid) : undefined;
    if (now) this.#move(panned(scene!, now, by));
  }

  zoom(factor: number, x: number, y: number): void {
    const scene = this.#now();
    const lane = scene ? laneAt(scene, x) : undefined;
    if (lane) this.#move(zoomed(scene!, lane, factor, x, y));
  }

  /** The scene as it will be drawn: what comes between two pictures adds up. */
  #now(): SpaceScene | null {
    if (this.scene && this.view && this.scene.input.view !== this.view) this.scene = this.compose();
    return this.scene;
  }

  #goTo(view: View | null): void {
    this.view = view;
    this.#pane.follow();
  }

  /** As with a hand: more of it comes at once. */
  #move(view: View): void {
    this.view = view;
    clearTimeout(this.#timer);
    this.isMoving = true;
    this.#timer = setTimeout(() => {
      this.isMoving = false;
      this.#pane.follow();
    }, STILL);
    this.#moves();
    this.#pane.follow();
  }
}

function laneOf(scene: SpaceScene, pid: number): LaneScene | undefined {
  return scene.lanes.find(({ data }) => data.pid === pid);
}
