/** What changed: since the moment that was marked, and between two dumps. */
import { orLater } from '../../interface/later.ts';
import type { Comparison } from '../../model/compare.ts';
import { words } from '../../texts/page.ts';
import type { DumpChanges } from '../../worker/protocol.ts';
import type { Around } from './around.ts';
import type { Panels } from './panels.ts';

export class Comparing {
  moments: Comparison | null = null;
  dumps: DumpChanges | null = null;
  readonly #around: Around;
  readonly #panels: Panels;

  constructor(around: Around, panels: Panels) {
    this.#around = around;
    this.#panels = panels;
  }

  /** The text is another one. */
  clear(): void {
    this.moments = this.dumps = null;
  }

  /** Marks this moment, forgets it, or shows what changed since. */
  compare(what: 'a' | 'none' | 'show'): void {
    const { model, say, draw } = this.#around;
    if (what === 'show') return this.#panels.showDock('compare');
    if (what === 'a') {
      model.mark();
      return say(words.marked(model.position));
    }
    model.unmark();
    this.moments = null;
    draw();
  }

  /** The comparison follows the position while it is shown. */
  follow(): void {
    const { model: { marked, at }, draw } = this.#around;
    if (!marked || !at || this.#panels.dock !== 'compare') {
      this.moments = null;
      return;
    }
    const part = orLater('compare', () => {
      this.follow();
      draw();
    });
    this.moments = part ? part.compare(marked, at) : null;
  }

  async diff(from: string, to: string): Promise<void> {
    const { model, say, draw } = this.#around;
    this.dumps = await model.ask<DumpChanges | null>({ of: 'diffDumps', from, to });
    if (!this.dumps) say(words.noTwoDumps);
    draw();
  }
}
