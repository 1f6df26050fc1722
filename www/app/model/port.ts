/** What the model needs of the worker: the page's client is one, and in tests the engine itself. No DOM. */
import type { ScriptErrorPlace, TextKind } from '../../lib/index.ts';
import type { At, Look, Opened, Question, Tracks } from '../worker/protocol.ts';

/** How far the worker is. */
export interface Doing {
  readonly doing: 'reading' | 'running';
  readonly done: number;
  readonly of: number;
}

/** What the worker says without being asked. */
export interface Heard {
  progress(doing: Doing): void;
  tracks(tracks: Tracks): void;
}

export interface Port {
  /** Reads a text. Rejects with {@link Unreadable}; null if another text was opened meanwhile. */
  open(text: string, as: TextKind | null): Promise<Opened | null>;
  /** Goes to a position and looks; null if a newer way overrides it. */
  go(to: number, look: Look): Promise<At | null>;
  /** Looks again; null if a newer look overrides it. */
  look(look: Look): Promise<At | null>;
  /** Rejects with {@link Refusal}. */
  ask<A>(question: Question): Promise<A>;
  /** Stops a long way where it is. */
  cancel(): void;
  /** Called by the model once. */
  listen(heard: Heard): void;
}

/** A text that cannot be read, with its mistakes. */
export class Unreadable extends Error {
  constructor(readonly as: TextKind, readonly errors: readonly ScriptErrorPlace[]) {
    super(errors[0]?.message ?? 'it cannot be read');
  }
}

/** A question that has no answer, in a sentence. */
export class Refusal extends Error {}

/** The core has stopped; what it held is gone. */
export class Crashed extends Error {
  constructor(message: string, readonly position: number) {
    super(message);
  }
}
