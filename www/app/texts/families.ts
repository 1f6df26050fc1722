/** Words of families of private pages, in English. */

/** The families of private pages that an area is linked to; `pages`: how many of its pages are present. */
export function familyWords(anonVma: number | null, chain: readonly number[], pages = 1): string {
  if (anonVma === null) return 'none yet: no private page was made';
  const others = chain.filter((family) => family !== anonVma);
  const own = `family ${anonVma} of private pages`;
  if (pages === 0) return `linked to ${own}, none of which is present now: the link is made before the first page is, or taken over from a neighbour, from the area it was cut from, or from a parent, and it stays${others.length === 0 ? '' : `; through fork also of ${others.length === 1 ? 'family' : 'families'} ${others.join(', ')}`}`;
  return others.length === 0 ? own : `${own}, and through fork also of ${others.length === 1 ? 'family' : 'families'} ${others.join(', ')}`;
}
