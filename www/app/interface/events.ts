/** What the panels say to whoever holds them: CustomEvents that bubble, with these details. */
import type { Find, Place } from '../worker/protocol.ts';

export interface PanelEvents {
  /** Go to a position: steps run. */
  'go': { readonly position: number };
  /** Go to the next step, or the one before, for which something holds. */
  'find': { readonly what: Find; readonly back: boolean };
  /** So many steps on, or back. */
  'step': { readonly by: number };
  /** To the next statement of the process that comes. */
  'over': null;
  'play': { readonly speed: number };
  'pause': null;
  /** Set a moment to compare with (`a`), forget it (`none`), or show what changed since (`show`). */
  'compare': { readonly what: 'a' | 'none' | 'show' };
  /** Select a page, an area or a frame, and show it in a tab if one is named. */
  'place': { readonly place: Place; readonly tab?: InspectorTab };
  /** Keep a frame selected whatever becomes of the page; null: follow the page again. */
  'pin': { readonly pfn: number | null };
  /** Something is pointed at; null: nothing any more. */
  'hover-place': { readonly place: Place | null };
  /** The tab that the reader has chosen. */
  'tab': { readonly tab: InspectorTab };
  /** Show a line of the text (from 1). */
  'line': { readonly line: number };
  /** Run the same text under other settings. `advice`: with MADV_FREE where it says MADV_DONTNEED. */
  'run-under': { readonly header: string; readonly name: string; readonly advice: boolean };
  /** Leave a run out of the charts. */
  'drop-run': { readonly index: number };
  /** Entries of a list that come into sight and are not there yet. */
  'more': { readonly list: 'leftOut' | 'equal'; readonly from: number; readonly to: number };
  'branch': { readonly id: number };
  'branch-remove': { readonly id: number };
  'branch-rename': { readonly id: number; readonly name: string };
  'undo': null;
  'redo': null;
  /** Replace a dump by calls that yield it. */
  'build': null;
  /** Compare two dumps. */
  'diff': { readonly from: string; readonly to: string };
  'close': null;
  /** A sentence for the status line and for screen readers. */
  'say': { readonly sentence: string };
}

export type InspectorTab = 'area' | 'walk' | 'frame' | 'bytes' | 'tlb' | 'cache' | 'maps' | 'smaps';
export const INSPECTOR_TABS: readonly InspectorTab[] = ['area', 'walk', 'frame', 'bytes', 'tlb', 'cache', 'maps', 'smaps'];

declare global {
  interface HTMLElementEventMap {
    'go': CustomEvent<PanelEvents['go']>;
    'find': CustomEvent<PanelEvents['find']>;
    'place': CustomEvent<PanelEvents['place']>;
    'pin': CustomEvent<PanelEvents['pin']>;
    'hover-place': CustomEvent<PanelEvents['hover-place']>;
    'tab': CustomEvent<PanelEvents['tab']>;
    'line': CustomEvent<PanelEvents['line']>;
    'run-under': CustomEvent<PanelEvents['run-under']>;
    'say': CustomEvent<PanelEvents['say']>;
    'branch': CustomEvent<PanelEvents['branch']>;
    'more': CustomEvent<PanelEvents['more']>;
  }
}
