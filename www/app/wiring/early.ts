/** Commands that come while a text is still being read, as when the page has just opened: they are done as soon as it is. */
import { type Command, type Taking, commandFor } from '../interface/palette/keys.ts';

/** More are a key that is held down. */
const MOST = 20;

export class Early {
  readonly #isReading: () => boolean;
  #waiting: Command[] = [];

  constructor(isReading: () => boolean) {
    this.#isReading = isReading;
  }

  /** The command of a key. One that cannot be done yet, but when the text is read, waits. */
  commandFor(event: KeyboardEvent, commands: readonly Command[], taking: Taking): Command | null {
    const now = commandFor(event, commands, taking);
    if (now || !this.#isReading()) return now;
    const later = commandFor(event, commands.map((command) => ({ ...command, isEnabled: () => true })), taking);
    const own = commands.find(({ id }) => id === later?.id);
    return own ? { ...own, run: () => void (this.#waiting.length < MOST && this.#waiting.push(own)) } : null;
  }

  /** Does what waits, if the text has been read. */
  catchUp(): void {
    if (this.#waiting.length === 0 || this.#isReading()) return;
    for (const command of this.#waiting.splice(0)) if (command.isEnabled?.() ?? true) command.run!();
  }
}
