/** Words of families of private pages, in English. */

/** The families of private pages that an area is linked to. */
export function familyWords(anonVma: number | null, chain: readonly number[]): string {
  if (anonVma === null) return 'none yet: no private page was made';
  const others = chain.filter((family) => family !== anonVma);
  const own = `family ${anonVma} of private pages`;
  return others.length === 0 ? own : `${own}, and through fork also of ${others.length === 1 ? 'family' : 'families'} ${others.join(', ')}`;
}
