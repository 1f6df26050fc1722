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
    if (pid === undefined || !model.at) return;
    const { position } = model;
    const text = await model.ask<string>({ of: 'tell', line: tab, pid });
    if (position !== model.position || tab !== this.#panels.tab) return;
    const texts = { pid, maps: tab === 'maps' ? text : null, smaps: tab === 'smaps' ? text : null };
    if (JSON.stringify(texts) === JSON.stringify(this.texts)) return;
    this.texts = texts;
    draw();
  }
}
