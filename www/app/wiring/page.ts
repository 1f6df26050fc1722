/** The page as one thing: the model, and everything that can be done, a part for each subject. */
import { Model } from '../model/model.ts';
import { words } from '../texts/page.ts';
import { Client } from '../worker/client.ts';
import { Address } from './page/address.ts';
import type { Around } from './page/around.ts';
import { Comparing } from './page/comparing.ts';
import { Console } from './page/console.ts';
import { Given } from './page/given.ts';
import { Links } from './page/links.ts';
import { Own } from './page/own.ts';
import { Panels } from './page/panels.ts';
import { Proc } from './page/proc.ts';
import { Texts } from './page/texts.ts';
import { Time } from './page/time.ts';
import { Toast } from './page/toast.ts';
import { Versions } from './page/versions.ts';

/** What the page has done on the screen. */
export interface Screen {
  /** Something may have changed: it is drawn. */
  readonly draw: () => void;
  /** Only how far a long way has come. */
  readonly progress: () => void;
  /** Only what is pointed at. */
  readonly hover: () => void;
  /** The text itself was replaced: the editor takes it. */
  readonly showText: (text: string) => void;
  /** A text will be shown: what takes long of that is done in short tasks. */
  readonly prepareText: (text: string) => Promise<void>;
  /** What is being typed is told of at once. */
  readonly settleText: () => void;
  /** The editor goes to a line. */
  readonly showLine: (line: number) => void;
}

export class Page {
  readonly model: Model;
  readonly toast: Toast;
  readonly time: Time;
  readonly panels: Panels;
  readonly proc: Proc;
  readonly comparing: Comparing;
  readonly own: Own;
  readonly versions: Versions;
  readonly console: Console;
  readonly texts: Texts;
  readonly links: Links;
  readonly given: Given;
  readonly #screen: Screen;
  readonly #address = new Address();
  readonly #small = matchMedia('(max-width: 900px), (max-height: 760px)');

  constructor(screen: Screen) {
    this.#screen = screen;
    this.#small.addEventListener('change', screen.draw);
    this.toast = new Toast(screen.draw);
    this.model = new Model((heard) => new Client(heard), (event) => (event === 'state' ? this.#changed() : screen[event]()));
    const around: Around = { model: this.model, draw: screen.draw, say: this.toast.say, unsay: this.toast.unsay, sayOfThis: this.toast.ofThis, another: this.toast.another, showText: screen.showText, prepareText: screen.prepareText, settleText: screen.settleText };
    const address = this.#address;
    this.time = new Time(around);
    this.panels = new Panels(around, (what) => (what === 'tab' ? void this.proc.read() : this.#followDock()));
    this.proc = new Proc(around, this.panels);
    this.comparing = new Comparing(around, this.panels, { note: (tells) => this.versions.note(tells), save: () => this.own.save() });
    this.own = new Own(around, address, () => this.versions);
    this.versions = new Versions(around, this.own, () => {
      this.comparing.clear();
      this.panels.settle(true);
    });
    this.console = new Console(around, this.own, this.versions);
    this.texts = new Texts(around, { own: this.own, versions: this.versions, time: this.time, panels: this.panels, comparing: this.comparing });
    this.links = new Links(around, { address, own: this.own, panels: this.panels, texts: this.texts });
    this.given = new Given(this.model);
  }

  /** There is little room. */
  get isSmall(): boolean {
    return this.#small.matches;
  }

  #changed(): void {
    this.#address.moved(this.model.position);
    void this.proc.read();
    this.#followDock();
    this.#screen.draw();
  }

  /** What the dock shows follows the position. */
  #followDock(): void {
    if (this.panels.dock === 'counters') void this.model.readPss();
    this.comparing.follow();
  }

  /** To a line of the text, and to its step if it makes one. */
  toLine(line: number): void {
    this.#screen.showLine(line);
    const step = this.model.opened?.dump ? null : this.model.stepOf(line);
    if (step !== null) this.time.go(step + 1);
  }

  /** Takes a run under other settings away. */
  dropRun(index: number): void {
    const { title } = this.model.runs[index]!;
    this.versions.note(words.back.run(title));
    this.model.dropRun(index);
    this.toast.say(words.runDropped(title));
  }

  /** Runs the same text under other settings, to compare its counters with this run's. */
  async runUnder(header: string, name: string, advice: boolean): Promise<void> {
    const say = this.toast.ofThis();
    const why = await this.model.runUnder(name, header, advice);
    if (why) say(words.notRunUnder(why));
  }
}
