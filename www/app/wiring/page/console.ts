/** What is typed on the console: a call that runs now, or a question. */
import type { Reply } from '../../interface/console/console.ts';
import { CannotDo } from '../../worker/client.ts';
import type { Around } from './around.ts';
import type { Own } from './own.ts';
import type { Versions } from './versions.ts';

const QUESTION = /^\s*(maps|smaps|walk|explain|status|meminfo|frames|tlb)\b/;

export class Console {
  readonly #around: Around;
  readonly #own: Own;
  readonly #versions: Versions;

  constructor(around: Around, own: Own, versions: Versions) {
    this.#around = around;
    this.#own = own;
    this.#versions = versions;
  }

  run(line: string): Promise<Reply> {
    return QUESTION.test(line) ? this.#answer(line.trim()) : this.#call(line);
  }

  async #answer(line: string): Promise<Reply> {
    const { model } = this.#around;
    const pid = model.selection?.pid ?? model.at?.processes[0]?.pid ?? 1;
    try {
      return { ok: true, text: (await model.askOrRefuse<string>({ of: 'tell', line, pid })) ?? '' };
    } catch (error) {
      if (!(error instanceof CannotDo)) throw error;
      return { ok: false, reason: error.message, script: model.text };
    }
  }

  async #call(line: string): Promise<Reply> {
    const { model, showText } = this.#around;
    const { position } = model;
    const hasFuture = position < model.length;
    const typed = await model.typed(line);
    if ('why' in typed) return { ok: false, reason: typed.why, script: model.text, ...(typed.mistake && { mistake: typed.mistake }) };
    this.#own.begin();
    showText(typed.text);
    this.#versions.edit(typed.text, position, hasFuture);
    this.#own.save();
    const { last } = model.at!;
    return { ok: true, text: last ? [last.result && `= ${last.result}`, last.why].filter(Boolean).join('\n') : '' };
  }

  /** The text above the place where a call would run. */
  readonly textAbove = (): string => {
    const { text, opened, position } = this.#around.model;
    return linesOf(text, opened?.lines[position - 1] ?? 0);
  };
}

/** The first lines of a text, without taking all of it apart. */
export function linesOf(text: string, count: number): string {
  let at = 0;
  for (let i = 0; i < count && at >= 0; i++) at = text.indexOf('\n', at) + 1 || text.length;
  return text.slice(0, at);
}
