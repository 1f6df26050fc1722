/** Tells whoever holds the picture what is in the window, if that is news. */
import { bytesWanted, lookOf, mainLane, pagesInSight } from '../../../scene/space/hit.ts';
import type { SpaceScene, Spot } from '../../../scene/space/compose.ts';
import type { Units } from '../../../scene/units.ts';
import type { Areas, LaneLook } from '../../../worker/protocol.ts';

/** What the picture needs of the machine; the host puts it into its look. */
export interface SpaceLook { readonly lanes: readonly LaneLook[]; readonly bytes: Spot | null }
/** What is in the window, of the process that the minimap shows. */
export interface SpaceView { readonly pid: number; readonly areas: Areas; readonly from: number; readonly to: number; readonly lowFirst: boolean; readonly units: Units }

export interface Told {
  look(look: SpaceLook): void;
  /** Null: no process is drawn. */
  view(view: SpaceView | null): void;
}

export class Report {
  readonly #told: Told;
  #look = '';
  #view = '';

  constructor(told: Told) {
    this.#told = told;
  }

  /** `version`: which areas of a process are here. */
  of(scene: SpaceScene, version: (pid: number) => number): void {
    this.#tellLook({ lanes: lookOf(scene).map((look): LaneLook => ({ ...look, version: version(look.pid) })), bytes: bytesWanted(scene) });
    const lane = mainLane(scene);
    if (!lane) return this.#tellNothing();
    const { pid, areas } = lane.data;
    const { lowFirst, units } = scene.input;
    this.#tellView({ pid, areas, ...pagesInSight(lane), lowFirst, units }, version(pid));
  }

  #tellLook(look: SpaceLook): void {
    const key = JSON.stringify(look);
    if (key === this.#look) return;
    this.#look = key;
    this.#told.look(look);
  }

  /** The last process has ended: nothing of it is told any more. */
  #tellNothing(): void {
    if (this.#view === '') return;
    this.#view = '';
    this.#told.view(null);
  }

  #tellView(view: SpaceView, version: number): void {
    const { pid, areas, from, to, lowFirst, units } = view;
    const key = [pid, from, to, areas.count, version, lowFirst, units.addresses, units.sizes].join(':');
    if (key === this.#view) return;
    this.#view = key;
    this.#told.view(view);
  }
}
