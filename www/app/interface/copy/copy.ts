/** `<pf-command text="…">`: a command to run on one's own machine, with a button that copies it. */
import { LitElement, html } from 'lit';
import { define } from '../define.ts';
import { RECIPE } from '../../texts/dialogs-en.ts';
import './copy.css';

/** How long the button says what it did. */
const SAID = 2500;

export class CopiedCommand extends LitElement {
  static override readonly properties = { text: {}, said: { state: true } };
  declare text: string;
  declare protected said: string;

  constructor() {
    super();
    this.text = '';
    this.said = '';
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  async #copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.text);
      this.said = RECIPE.copied;
    } catch {
      // Where the clipboard is closed, it is selected to be copied by hand.
      getSelection()?.selectAllChildren(this.querySelector('code')!);
      this.said = RECIPE.selected;
    }
    setTimeout(() => (this.said = ''), SAID);
  }

  protected override render() {
    return html`<code tabindex="0">${this.text}</code><button type="button" aria-label=${`${RECIPE.copy}: ${this.text}`} @click=${() => void this.#copy()}>${this.said || RECIPE.copy}</button><span class="hidden" role="status">${this.said}</span>`;
  }
}

define('pf-command', CopiedCommand);

/** How to make a log and maps: the same in help and where they are opened. */
export const recipe = () => html`
  <p>${RECIPE.log}</p><pf-command .text=${RECIPE.logCommand}></pf-command>
  <p class="quiet">${RECIPE.logNote}</p>
  <p>${RECIPE.maps}</p><pf-command .text=${RECIPE.mapsCommand}></pf-command><pf-command .text=${RECIPE.smapsCommand}></pf-command>`;
