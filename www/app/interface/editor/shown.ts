/** What the host shows in the editor. Plain data. */
import type { ScriptMistake } from '../../language/fixes.ts';
import type { Place } from '../../worker/protocol.ts';
import { EDITOR } from '../../texts/editor-en.ts';

export type { ScriptMistake } from '../../language/fixes.ts';

/** What stands beside a line. */
export interface LineResult {
  /** From 1. */
  readonly line: number;
  readonly text: string;
  readonly kind: 'fine' | 'fault' | 'wrong' | 'refused' | 'quiet' | 'left';
}

/** A remark on a line that reads well: a difference. */
export interface Remark {
  readonly line: number;
  readonly text: string;
  readonly kind: 'error' | 'warning';
}

export interface Shown {
  /** The line of the current step. */
  readonly current: number | null;
  /** What stands beside lines, asked for those that are visible; both ends count. */
  readonly results: (fromLine: number, toLine: number) => readonly LineResult[];
  /** What lines were about, of those that are visible. */
  readonly places: (fromLine: number, toLine: number) => ReadonlyMap<number, Pick<Place, 'pid' | 'addr'>>;
  /** Lines that are set aside. */
  readonly asideLines: ReadonlySet<number>;
  readonly errors: readonly ScriptMistake[];
  readonly remarks: readonly Remark[];
  /** Whether all of this is about the text that stands in the editor. */
  readonly isFresh: boolean;
  /** A line to scroll to at the same time, which costs one layout instead of two. */
  readonly reveal?: number | null;
}

export const NOTHING: Shown = { current: null, results: () => [], places: () => new Map(), asideLines: new Set(), errors: [], remarks: [], isFresh: true };

/** Errors and remarks that are underlined at most. */
const MOST_UNDERLINED = 200;

/** The reason of an error, without its place. */
export const reasonOf = ({ found, expected }: ScriptMistake): string => (found ? EDITOR.reason(found, expected) : expected);

/** What is underlined: errors, then remarks, in the order of lines. */
export function underlined({ errors, remarks }: Pick<Shown, 'errors' | 'remarks'>, lines: number): { line: number; column: number; message: string; kind: 'error' | 'warning'; error: ScriptMistake | null }[] {
  const wrong = errors.map((error) => ({ line: error.line, column: error.column, message: reasonOf(error), kind: 'error' as const, error }));
  const others = remarks.map(({ line, text, kind }) => ({ line, column: 1, message: text, kind, error: null }));
  return [...wrong, ...others].filter(({ line }) => line >= 1 && line <= lines).slice(0, MOST_UNDERLINED).sort((a, b) => a.line - b.line || a.column - b.column);
}
