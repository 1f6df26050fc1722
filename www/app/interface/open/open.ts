/**
 * `<pf-open>`: where scripts, logs and maps come from: pasted, dropped, chosen, a sample, the user's own.
 *
 * Properties: `samples`, `own` (scripts kept in this browser, newest first), `gather` (makes one text of files, throws a
 * sentence). Methods: `open()`, `close()`, `takeFiles(files)` (for what is dropped on the page).
 * Events: `opened` with `detail: { text, maps, origin }`; `sample` with `detail.id`; `new`;
 * `own` with `detail: { text, position, kind, when }`; `save`; `said` with `detail.text`, a sentence why nothing was opened.
 */
import { LitElement, html, nothing } from 'lit';
import { define } from '../define.ts';
import type { Kept } from '../../keep.ts';
import { OPEN } from '../../texts/dialogs-en.ts';
import { recipe } from '../copy/copy.ts';
import { hasFiles, readFiles, whenWords } from './files.ts';
import './open.css';

export interface Sample {
  readonly id: string;
  readonly title: string;
  /** What it is, in some words. */
  readonly note?: string;
}

export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Opened {
  readonly text: string;
  /** First maps of a log. */
  readonly maps: string;
  /** What the reader should know of how it came about. */
  readonly origin: string;
  /** A later dump, to compare with. */
  readonly later?: string;
}

/** Larger files are not even read. */
const MOST_BYTES = 32 << 20;
/** Characters of a kept script that name it. */
const MOST_TITLE = 60;

export class OpenDialog extends LitElement {
  static override readonly properties = {
    samples: { attribute: false }, own: { attribute: false }, gather: { attribute: false },
    wrong: { state: true }, isReading: { state: true }, isOver: { state: true },
  };
  declare samples: readonly Sample[];
  declare own: readonly Kept[];
  declare gather: (files: readonly NamedBytes[]) => Promise<Opened>;
  declare protected wrong: string;
  declare protected isReading: boolean;
  declare protected isOver: boolean;

  constructor() {
    super();
    Object.assign(this, { samples: [], own: [], wrong: '', isReading: false, isOver: false });
    this.gather = () => Promise.reject(new Error('nobody reads files here'));
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  get #dialog(): HTMLDialogElement {
    return this.querySelector('dialog')!;
  }

  open(): void {
    if (!this.hasUpdated) {
      void this.updateComplete.then(() => this.open());
      return;
    }
    this.wrong = '';
    if (!this.#dialog.open) this.#dialog.showModal();
    this.querySelector('textarea')!.focus();
  }

  close(): void {
    if (this.hasUpdated) this.#dialog.close();
  }

  #tell<T>(type: string, detail: T): void {
    this.close();
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, detail }));
  }

  /** Opens files together, or says why not: in the dialog if it is open, else by `said`. */
  async takeFiles(files: readonly File[]): Promise<void> {
    if (files.length === 0) return;
    this.isReading = true;
    this.wrong = '';
    try {
      const large = files.find(({ size }) => size > MOST_BYTES);
      if (large) throw new Error(OPEN.tooLarge(large.name, Math.ceil(large.size / (1 << 20))));
      this.#tell('opened', await this.gather(await readFiles(files)));
    } catch (error) {
      const sentence = error instanceof Error ? error.message : String(error);
      if (this.hasUpdated && this.#dialog.open) this.wrong = sentence;
      else this.dispatchEvent(new CustomEvent('said', { bubbles: true, detail: { text: sentence } }));
    } finally {
      this.isReading = false;
    }
  }

  #submit(event: SubmitEvent): void {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const data = new FormData(form);
    const text = String(data.get('text') ?? '');
    if (text.trim() === '') {
      this.wrong = OPEN.empty;
      return;
    }
    this.#tell('opened', { text, maps: String(data.get('maps') ?? ''), origin: '' } satisfies Opened);
    form.reset();
  }

  #dragged(event: DragEvent): void {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    event.stopPropagation();
    this.isOver = event.type === 'dragover';
    if (event.type === 'drop') void this.takeFiles([...(event.dataTransfer?.files ?? [])]);
  }

  #chosen(event: Event): void {
    const input = event.target as HTMLInputElement;
    const files = [...(input.files ?? [])];
    input.value = '';
    void this.takeFiles(files);
  }

  protected override render() {
    const kept = (script: Kept) => {
      const title = script.text.trim().split('\n')[0]!.replace(/^#\s*/, '').slice(0, MOST_TITLE);
      const lines = script.text.trimEnd().split('\n').length;
      return html`<button type="button" class="sample" @click=${() => this.#tell('own', script)}><b>${title || OPEN.own}</b><span class="quiet">${OPEN.ownNote(whenWords(script.when, Date.now(), OPEN.today), lines)}</span></button>`;
    };
    return html`<dialog class="open" aria-labelledby="open-title" @dragover=${this.#dragged} @dragleave=${this.#dragged} @drop=${this.#dragged}>
      <form @submit=${this.#submit}>
        <header><h2 id="open-title">${OPEN.title}</h2><button type="button" class="icon" aria-label=${OPEN.cancel} @click=${() => this.close()}>×</button></header>
        <div class="open-body">
          <section class="open-text">
            <p>${OPEN.intro}</p>
            <label>${OPEN.text}<textarea name="text" rows="7" spellcheck="false" autocapitalize="off" placeholder=${OPEN.textPlaceholder} aria-invalid=${this.wrong !== ''} aria-describedby="open-wrong"></textarea></label>
            <label>${OPEN.maps}<textarea name="maps" rows="2" spellcheck="false" autocapitalize="off"></textarea></label>
            <p class="quiet small">${OPEN.mapsNote}</p>
            <div class="drop ${this.isOver ? 'over' : ''}"><span>${this.isOver ? OPEN.dropNow : OPEN.drop}</span><label class="files">${OPEN.choose}<input type="file" multiple @change=${this.#chosen} /></label></div>
          </section>
          <section class="open-list">
            <button type="button" class="sample new" @click=${() => this.#tell('new', {})}><b>${OPEN.new}</b></button>
            ${this.own.length > 0 ? html`<h3>${OPEN.own}</h3>${this.own.map(kept)}` : nothing}
            ${this.samples.length > 0 ? html`<h3>${OPEN.samples} <span class="quiet">${OPEN.samplesNote}</span></h3>` : nothing}
            ${this.samples.map(({ id, title, note }) => html`<button type="button" class="sample" @click=${() => this.#tell('sample', { id })}><b>${title}</b>${note ? html`<span class="quiet">${note}</span>` : nothing}</button>`)}
          </section>
          <details><summary>${OPEN.recipe}</summary>${recipe()}</details>
        </div>
        <p class="wrong" id="open-wrong" role="alert">${this.wrong}</p>
        <footer class="actions"><button type="button" class="save" @click=${() => this.#tell('save', {})}>${OPEN.save}</button><span class="spring" role="status">${this.isReading ? OPEN.reading : ''}</span><button type="button" @click=${() => this.close()}>${OPEN.cancel}</button><button class="primary">${OPEN.open}</button></footer>
      </form></dialog>`;
  }
}

define('pf-open', OpenDialog);

declare global {
  interface HTMLElementTagNameMap { 'pf-open': OpenDialog }
}
