/** Links: the whole state in the address of the page, given and followed. */
import { later } from '../../interface/later.ts';
import type { LinkPart, LinkState } from '../../link.ts';
import { isExample } from '../../examples.ts';
import { words } from '../../texts/page.ts';
import type { Address } from './address.ts';
import type { Around } from './around.ts';
import type { Own } from './own.ts';
import { type Panels, isTab } from './panels.ts';
import type { Texts } from './texts.ts';

export interface LinkParts {
  readonly address: Address;
  readonly own: Own;
  readonly panels: Panels;
  readonly texts: Texts;
}

export class Links {
  readonly #around: Around;
  readonly #parts: LinkParts;

  constructor(around: Around, parts: LinkParts) {
    this.#around = around;
    this.#parts = parts;
  }

  async share(): Promise<void> {
    const { sayOfThis, settleText } = this.#around;
    settleText();
    const say = sayOfThis();
    const { encode } = await later('link');
    const hash = await encode(this.#state());
    if (hash === null) return say(words.tooLong);
    this.#parts.address.say(hash, this.#around.model.position);
    try {
      await navigator.clipboard.writeText(location.href);
      say(words.linkCopied);
    } catch {
      say(words.linkInBar);
    }
  }

  #state(): LinkState {
    const { exampleId, text, position, chosen, selection } = this.#around.model;
    const { isTabChosen, tab } = this.#parts.panels;
    return { example: exampleId || null, text, position, kind: chosen, selected: selection && { pid: selection.pid, addr: selection.addr }, tab: isTabChosen ? tab : null };
  }

  /** What the address says, at the start and whenever it changes. */
  async follow(hash: string, isStart: boolean): Promise<void> {
    const { own, texts } = this.#parts;
    const decoded = hash === '' ? null : await (await later('link')).decode(hash);
    if (decoded && 'state' in decoded) {
      // An address that is not what is shown says nothing.
      if (!(await this.#open(decoded.state, decoded.meaningless))) this.#parts.address.drop(hash);
      return;
    }
    if (decoded) {
      this.#around.say(decoded.why);
      this.#parts.address.drop(hash);
    }
    if (!isStart) return;
    const [place, kept] = [own.keep.place(), own.keep.own()];
    if (!decoded && place && isExample(place.example)) await texts.openExample(place.example, place);
    else if (kept && !decoded) await texts.openOwn(kept);
    else await texts.openFirst();
  }

  /** Whether all of it is shown as it says. */
  async #open(state: LinkState, meaningless: readonly LinkPart[]): Promise<boolean> {
    const { address, texts } = this.#parts;
    if (state.text === null || !texts.isTooWide(state.text)) return address.follow(() => this.#openState(state, meaningless), () => this.#around.model.position);
    if (texts.isNothingOpen) await texts.openFirst();
    return false;
  }

  async #openState({ example, text, position, kind, selected, tab }: LinkState, meaningless: readonly LinkPart[]): Promise<boolean> {
    const { panels, texts } = this.#parts;
    const { model } = this.#around;
    const shown = example === null ? await texts.open(text ?? '', { position, kind }) : await texts.openExample(example, { position });
    if (!shown?.isStill()) return false;
    const unknown: readonly LinkPart[] = tab === null || isTab(tab) ? meaningless : [...meaningless, 'tab'];
    if (tab && isTab(tab)) panels.showTab(tab);
    if (selected) model.select({ ...selected, pfn: null });
    const t = words.link;
    const amiss = [unknown.length > 0 ? t.meaningless(unknown.map((part) => t.parts[part])) : '', model.canRun && position > model.length ? t.pastTheEnd(model.length) : ''].filter(Boolean);
    if (amiss.length > 0) shown.say([...amiss, shown.brings].filter(Boolean).join(' '));
    return amiss.length === 0;
  }
}
