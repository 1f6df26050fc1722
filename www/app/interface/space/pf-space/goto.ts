/** The field that asks for an address or a name to go to. */
import { type ReactiveController, type ReactiveControllerHost, type TemplateResult, html, nothing } from 'lit';
import { pageMeant } from '../../../scene/space/seek.ts';
import { pageAddr, pageOf } from '../../../scene/units.ts';
import type { Place } from '../../../worker/protocol.ts';
import type { Said } from './pointer.ts';
import type { Viewport } from './viewport.ts';
import { pictures } from '../../../texts/pictures.ts';

export interface GotoHost extends ReactiveControllerHost {
  readonly selected: Place | null;
  querySelector<E extends Element>(selector: string): E | null;
}

export class Goto implements ReactiveController {
  isAsked = false;
  readonly #host: GotoHost;
  readonly #viewport: Viewport;
  readonly #said: Said;
  #refusal = '';
  /** It is opened with the next drawing, and then has the focus. */
  #isOpening = false;

  constructor(host: GotoHost, viewport: Viewport, said: Said) {
    this.#host = host;
    this.#viewport = viewport;
    this.#said = said;
    host.addController(this);
  }

  ask(): void {
    if (this.isAsked) return;
    this.isAsked = this.#isOpening = true;
    this.#host.requestUpdate();
  }

  close(): void {
    this.isAsked = false;
    this.#host.requestUpdate();
  }

  hostUpdated(): void {
    if (this.#isOpening) this.#input?.focus();
    this.#isOpening = false;
  }

  get #input(): HTMLInputElement | null {
    return this.#host.querySelector<HTMLInputElement>('.pf-goto input');
  }

  #go(text: string): void {
    const { lane } = this.#viewport;
    if (!lane) return;
    const { areas, pid } = lane.data;
    const { selected } = this.#host;
    const page = pageMeant(areas, text, selected?.pid === pid ? pageOf(selected.addr) : null);
    this.#refusal = page === null ? pictures.goTo.neither(text) : '';
    this.#host.requestUpdate();
    if (page === null) return;
    this.#said.select(pid, page, null);
    this.#viewport.reveal({ pid, addr: pageAddr(page) });
    this.#leave();
  }

  /** What was asked for is there, or nobody wants to go: the picture has the keys again. */
  #leave(): void {
    this.#refusal = '';
    this.close();
    this.#host.querySelector<HTMLElement>('canvas')!.focus();
  }

  readonly #submitted = (event: Event): void => {
    event.preventDefault();
    this.#go(this.#input!.value);
  };

  readonly #keyed = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    this.#leave();
  };

  html(): TemplateResult | typeof nothing {
    if (!this.isAsked) return nothing;
    return html`<form class="pf-goto" @select=${(event: Event) => event.stopPropagation()} @submit=${this.#submitted}>
          <label>${pictures.goTo.label} <input name="to" autocomplete="off" spellcheck="false" @keydown=${this.#keyed}></label>
          <button type="submit">${pictures.goTo.go}</button><output>${this.#refusal}</output>
        </form>`;
  }
}
