/** How well what was typed fits a text: letters in their order; beginnings of words and runs count more. */

export interface Fit {
  readonly score: number;
  /** Where the letters stand, to be marked. */
  readonly at: readonly number[];
}

const isWordStart = (text: string, at: number): boolean => at === 0 || /[\s_(@.:/-]/.test(text[at - 1]!);

/** Null if a letter is missing. */
export function fit(typed: string, text: string): Fit | null {
  const query = typed.toLowerCase().replace(/\s+/g, '');
  const target = text.toLowerCase();
  if (query === '') return { score: 0, at: [] };
  const whole = target.indexOf(typed.toLowerCase().trim());
  if (whole >= 0) {
    const at = Array.from({ length: typed.trim().length }, (_, i) => whole + i);
    return { score: 100 - Math.min(whole, 40) + (isWordStart(target, whole) ? 50 : 0) - text.length / 100, at };
  }
  const at: number[] = [];
  let score = 0;
  for (const letter of query) {
    const from = (at.at(-1) ?? -1) + 1;
    const run = target[from] === letter && at.length > 0 ? from : -1;
    let next = run;
    // The beginning of a word further on is meant rather than a letter inside one.
    for (let place = target.indexOf(letter, from); next < 0 && place >= 0; place = target.indexOf(letter, place + 1)) {
      if (isWordStart(target, place)) next = place;
    }
    if (next < 0) next = target.indexOf(letter, from);
    if (next < 0) return null;
    score += next === run ? 3 : isWordStart(target, next) ? 4 : 1;
    at.push(next);
  }
  return { score: score - (at.at(-1)! - at[0]!) / 10 - text.length / 100, at };
}

/** Those that fit, the best first; all in their order if nothing was typed. */
export function fitting<T>(typed: string, all: readonly T[], textOf: (one: T) => string): { readonly one: T; readonly fit: Fit }[] {
  const found = all.map((one) => ({ one, fit: fit(typed, textOf(one)) })).filter((each): each is { one: T; fit: Fit } => each.fit !== null);
  return typed.trim() === '' ? found : found.sort((a, b) => b.fit.score - a.fit.score);
}
