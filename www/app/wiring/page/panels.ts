/** Which panels are open, and what is selected with them. */
import type { InspectorTab } from '../../interface/events.ts';
import type { Place, Want } from '../../worker/protocol.ts';
import type { Around } from './around.ts';

export const DOCK_TABS = ['story', 'ram', 'counters', 'compare', 'verdict', 'branches'] as const;
export type DockTab = (typeof DOCK_TABS)[number];

/** What each tab of the inspector asks of the worker. */
const WANTS: Readonly<Record<InspectorTab, readonly Want[]>> = {
  area: ['neighbours', 'smaps'], walk: ['tables'], frame: [], bytes: ['bytes'], tlb: ['tlb'], cache: ['cache', 'meminfo'], maps: [], smaps: [],
};

export const isTab = (name: string): name is InspectorTab => name in WANTS;

const PHONE = '(max-width: 900px)';

export class Panels {
  tab: InspectorTab = 'walk';
  /** The reader has chosen it. */
  isTabChosen = false;
  dock: DockTab = 'story';
  /** On a phone: details in the sheet, the story at full height. */
  isSheetOpen = false;
  isDockOpen = false;
  isConsoleOpen = false;
  readonly #around: Around;
  readonly #shown: (what: 'tab' | 'dock') => void;
  #wasUnread = false;

  /** `shown`: another tab or dock is open, and what it shows is to be found out. */
  constructor(around: Around, shown: (what: 'tab' | 'dock') => void) {
    this.#around = around;
    this.#shown = shown;
    around.model.see('story', ['explanation', 'verdict']);
    around.model.see('inspector', WANTS[this.tab]);
  }

  showTab(tab: InspectorTab): void {
    this.isTabChosen = true;
    this.tab = tab;
    this.#around.model.see('inspector', WANTS[tab]);
    this.#shown('tab');
    this.#around.draw();
  }

  showDock(dock: DockTab): void {
    this.dock = dock;
    this.#shown('dock');
    this.#around.draw();
  }

  select(place: Place | null, tab?: InspectorTab): void {
    if (tab) this.showTab(tab);
    this.#around.model.select(place);
  }

  /** What the picture was clicked on: on a phone its details come up. A frame of RAM is shown as that, a page in the tab that the reader has chosen. */
  choose({ isFrame, ...place }: Place & { readonly isFrame?: boolean }): void {
    this.select(place, isFrame || (place.pfn !== null && !this.isTabChosen) ? 'frame' : undefined);
    this.sheet(matchMedia(PHONE).matches);
  }

  /** The sheet of details on a phone. */
  sheet(isOpen: boolean): void {
    this.isSheetOpen = isOpen;
    this.#around.draw();
  }

  openDock(isOpen: boolean): void {
    this.isDockOpen = isOpen;
    this.#around.draw();
  }

  openConsole(isOpen: boolean): void {
    this.isConsoleOpen = isOpen;
    this.#around.draw();
  }

  /** The verdict was pressed: to the list that explains it, or back. */
  tell(): void {
    this.showDock(this.dock === 'verdict' ? 'story' : 'verdict');
    this.openDock(this.dock === 'verdict');
  }

  /** What a text says that cannot be read, or is a dump, is told below at once; when it can be read, the story is back. */
  settle(isOther: boolean): void {
    const { opened, errors } = this.#around.model;
    const isUnread = opened === null && errors.length > 0;
    if (opened?.dump || isUnread) this.showDock('verdict');
    else if (this.dock === 'verdict' && errors.length === 0 && (isOther || this.#wasUnread)) this.showDock('story');
    this.#wasUnread = isUnread;
  }
}
