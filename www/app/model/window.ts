/** A long list of which only windows are known: a copy of it, of so many, with the ones from a place on put in. */
export function withWindow<T>(known: readonly (T | undefined)[], count: number, from: number, window: readonly (T | null)[]): (T | undefined)[] {
  const all = Array.from({ length: count }, (_, at) => known[at]);
  for (const [at, one] of window.entries()) if (one !== null) all[from + at] = one;
  return all;
}
