/** What changed: since the moment that was marked, and between two dumps. */
import { orLater } from '../../interface/later.ts';
import type { Comparison } from '../../model/compare.ts';
import { words } from '../../texts/page.ts';
import type { DumpChanges } from '../../worker/protocol.ts';
import type { Around } from './around.ts';
import type { Panels } from './panels.ts';

/** What else is done where a moment is marked or forgotten. */
export interface Marks {
  /** It is about to be another one; `tells` is said when that has been undone. */
  readonly note: (tells: string) => void;
  readonly save: () => void;
}

export class Comparing {
  moments: Comparison | null = null;
  dumps: DumpChanges | null = null;
  /** The dump that the one in the editor is compared with. */
  later = '';
  readonly #around: Around;
  readonly #panels: Panels;
  readonly #marks: Marks;

  constructor(around: Around, panels: Panels, marks: Marks) {
    this.#around = around;
    this.#panels = panels;
    this.#marks = marks;
  }

  /** The text is another one. */
  clear(): void {
    this.moments = this.dumps = null;
    this.later = '';
  }

  /** Marks this moment, forgets it, or shows what changed since. */
  compare(what: 'a' | 'none' | 'show'): void {
    const { model, say, draw } = this.#around;
    if (what === 'show') return this.#panels.showDock('compare');
    if (model.marked) this.#marks.note(words.back.mark(model.marked.position));
    if (what === 'a') {
      model.mark();
      this.#marks.save();
      return say(words.marked(model.position, this.#panels.dock === 'compare'));
    }
    this.#unsay();
    model.unmark();
    this.#marks.save();
    this.moments = null;
    draw();
  }

  /** How to go on is told until that is done, or there is no mark any more. */
  #unsay(): void {
    const { model: { marked }, unsay } = this.#around;
    if (marked) unsay(words.marked(marked.position));
  }

  /** The comparison follows the position while it is shown. */
  follow(): void {
    const { model: { marked, at }, draw } = this.#around;
    if (!marked || !at || this.#panels.dock !== 'compare') {
      this.moments = null;
      return;
    }
    this.#unsay();
    const part = orLater('compare', () => {
      this.follow();
      draw();
    });
    this.moments = part ? part.compare(marked, at) : null;
  }

  async diff(from: string, to: string): Promise<void> {
    const { model, sayOfThis, draw } = this.#around;
    const say = sayOfThis();
    this.later = to;
    const dumps = await model.ask<DumpChanges | null>({ of: 'diffDumps', from, to });
    // Meanwhile there may be another text, or another comparison.
    if (this.later !== to) return;
    this.dumps = dumps;
    if (!this.dumps) say(words.noTwoDumps);
    draw();
  }
}
