/**
 * The user's own script, kept in this browser so that a reload loses nothing. Every tab has a slot of its own: two tabs
 * never write over each other's script. Storage may be full, closed or cleared at any moment: then it is said, never thrown.
 */

export interface Kept {
  readonly text: string;
  /** How many steps had been run. */
  readonly position: number;
  /** What the text was said to be, if not what it looks like. */
  readonly kind: string | null;
  /** Milliseconds since 1970. */
  readonly when: number;
  /** Its branches; none if it has only itself. */
  readonly tree?: unknown;
  /** The step of the moment that was marked. */
  readonly marked?: number | null;
  /** Of which opening it is. */
  readonly id?: string | undefined;
}

/** Where a tab stood. */
export interface Place {
  /** The example that it showed; empty: its own text. */
  readonly example: string;
  readonly position: number;
  readonly marked: number | null;
  readonly id: string;
}

/** What came of keeping a script. `none`: there is no storage; `long`: it is too long; `full`: no room, whatever is dropped. */
export type KeepOutcome = 'kept' | 'none' | 'long' | 'full';

/** Of both kinds of storage, what is used. */
export type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>;

const PREFIX = 'pagefault.script.';
const TAB = 'pagefault.tab';
const PLACE = 'pagefault.place';
/** Scripts of other tabs that are kept besides. */
const MOST_SLOTS = 8;
/** Browsers give about five million characters to all of a site. */
const MOST_CHARACTERS = 1_500_000;

interface Slot extends Kept {
  /** Who wrote it: a duplicated tab begins with the number of the other. */
  readonly writer: string;
}

const random = (): string => Math.random().toString(36).slice(2, 10);

function parse(json: string | null): Slot | null {
  if (json === null) return null;
  try {
    const { text, position, kind, when, writer, tree, marked, id } = JSON.parse(json) as Partial<Slot>;
    if (typeof text !== 'string' || typeof when !== 'number') return null;
    return {
      text, when, position: typeof position === 'number' ? position : 0, kind: typeof kind === 'string' ? kind : null, writer: String(writer),
      tree, marked: typeof marked === 'number' ? marked : null, id: typeof id === 'string' ? id : undefined,
    };
  } catch {
    return null;
  }
}

/** A storage of the browser; null where it is closed. */
export function openStore(which: 'localStorage' | 'sessionStorage'): Store | null {
  try {
    const store = globalThis[which];
    store.getItem(TAB);
    return store;
  } catch {
    return null;
  }
}

export class Keep {
  readonly #store: Store | null;
  readonly #now: () => number;
  /** This page load. */
  readonly #writer = random();
  #tab: string;
  readonly #session: Store | null;
  /** What this page last read or wrote: if something else stands there, the slot is another tab's. */
  #seen: string | null = null;

  constructor(store = openStore('localStorage'), session = openStore('sessionStorage'), now: () => number = Date.now) {
    this.#store = store;
    this.#session = session;
    this.#now = now;
    this.#tab = this.#get(session, TAB) ?? this.#newTab();
    this.#seen = this.#get(store, PREFIX + this.#tab);
  }

  /** The script of this tab, from before it was reloaded. */
  own(): Kept | null {
    return parse(this.#get(this.#store, PREFIX + this.#tab));
  }

  /** The scripts of all tabs, the newest first, each once. */
  recent(): Kept[] {
    const all = this.#slots().map(({ slot }) => slot);
    return all.filter(({ text }, at) => text !== '' && all.findIndex((other) => other.text === text) === at);
  }

  /** The script that is written next is another one: what is kept of this tab stays beside it. */
  next(): void {
    const own = this.own();
    if (own !== null && own.text !== '') this.#tab = this.#newTab();
  }

  /** Where this tab stood before it was reloaded. */
  place(): Place | null {
    try {
      const { example, position, marked, id } = JSON.parse(this.#get(this.#session, PLACE) ?? '') as Partial<Place>;
      if (typeof example !== 'string' || typeof position !== 'number' || typeof id !== 'string') return null;
      return { example, position, marked: typeof marked === 'number' ? marked : null, id };
    } catch {
      return null;
    }
  }

  stay(place: Place): void {
    try {
      this.#session?.setItem(PLACE, JSON.stringify(place));
    } catch {
      // Then a reload shows the text kept last.
    }
  }

  /** Keeps a script, or says why not. What was kept before stays until then. */
  write({ text, position, kind, tree = null, marked = null, id }: Omit<Kept, 'when'>): KeepOutcome {
    if (!this.#store) return 'none';
    if (text.length > MOST_CHARACTERS) return 'long';
    // A duplicated tab has the slot of its original: whoever finds it changed moves away.
    const there = this.#get(this.#store, PREFIX + this.#tab);
    if (there !== this.#seen && there !== null) this.#tab = this.#newTab();
    const bare = { text, position, kind, marked, id, when: this.#now(), writer: this.#writer } satisfies Slot;
    let json = JSON.stringify(tree === null ? bare : { ...bare, tree });
    // Of a text whose branches are too long, the text itself is kept.
    if (tree !== null && json.length > MOST_CHARACTERS + text.length) json = JSON.stringify(bare);
    for (const { key } of this.#slots().slice(MOST_SLOTS)) this.#remove(key);
    for (;;) {
      try {
        this.#store.setItem(PREFIX + this.#tab, json);
        this.#seen = json;
        return 'kept';
      } catch {
        // Full: the oldest script of another tab goes, until there is room or nothing left to go.
        const oldest = this.#slots().findLast(({ key }) => key !== PREFIX + this.#tab);
        const alone = JSON.stringify(bare);
        if (oldest) this.#remove(oldest.key);
        else if (json !== alone) json = alone;
        else return 'full';
      }
    }
  }

  /** Forgets the script of this tab. */
  forget(): void {
    this.#remove(PREFIX + this.#tab);
    this.#seen = null;
  }

  #newTab(): string {
    const tab = random();
    this.#seen = null;
    try {
      this.#session?.setItem(TAB, tab);
    } catch {
      // Then a reload finds the script among the recent ones.
    }
    return tab;
  }

  #get(store: Store | null, key: string): string | null {
    try {
      return store?.getItem(key) ?? null;
    } catch {
      return null;
    }
  }

  #remove(key: string): void {
    try {
      this.#store?.removeItem(key);
    } catch {
      // Nothing can be done, and nothing is lost.
    }
  }

  #slots(): { key: string; slot: Kept }[] {
    const slots: { key: string; slot: Kept }[] = [];
    try {
      for (let at = 0; at < (this.#store?.length ?? 0); at++) {
        const key = this.#store!.key(at);
        const slot = key?.startsWith(PREFIX) ? parse(this.#get(this.#store, key)) : null;
        if (slot) slots.push({ key: key!, slot });
      }
    } catch {
      return slots;
    }
    return slots.sort((a, b) => b.slot.when - a.slot.when);
  }
}
