/** Texts of /proc of the selected process, while their tabs are open. */
import type { Around } from './around.ts';
import type { Panels } from './panels.ts';

export interface ProcTexts { readonly pid: number; readonly maps: string | null; readonly smaps: string | null }

export class Proc {
  texts: ProcTexts | null = null;
  readonly #around: Around;
  readonly #panels: Panels;

  constructor(around: Around, panels: Panels) {
    this.#around = around;
    this.#panels = panels;
  }

  async read(): Promise<void> {
    const { model, draw } = this.#around;
    const { tab } = this.#panels;
    if (tab !== 'maps' && tab !== 'smaps') {
      this.texts = null;
      return;
    }
    const pid = model.selection?.pid ?? model.at?.processes[0]?.pid;
    if (pid === undefined || !model.at) {
      // Of a text that cannot be read there is none, nor of the one before.
      this.texts = null;
      return draw();
    }
    const { position, opened } = model;
    // What a dump says of costs no machine here knows better.
    const text = tab === 'smaps' && model.opened?.dump ? (model.kind === 'smaps' ? model.text : null) : await model.ask<string>({ of: 'tell', line: tab, pid });
    if (tab !== this.#panels.tab) return;
    // What came meanwhile is another moment, or another text: of that it is asked again.
    if (position !== model.position || opened !== model.opened) return this.read();
    const texts = { pid, maps: tab === 'maps' ? text : null, smaps: tab === 'smaps' ? text : null };
    if (JSON.stringify(texts) === JSON.stringify(this.texts)) return;
    this.texts = texts;
    draw();
  }
}
