/** Words of the inspector, in English. */
import { FLAGS } from '../../lib/texts/en-checks.ts';

/** `rd wr mr` as letters with what each says. */
export function flagWords(letters: string): { letters: string; words: string }[] {
  return letters.split(' ').filter(Boolean).map((pair) => ({ letters: pair, words: FLAGS[pair] ?? 'a flag without a name here' }));
}

/** `rw-p` in words: `read and write; private: written pages are copies`. */
export function permissionWords(perms: string): string {
  const can = [['r', 'read'], ['w', 'write'], ['x', 'execute']].filter(([letter]) => perms.includes(letter!)).map(([, word]) => word);
  const accesses = can.length === 0 ? 'no access at all' : can.join(', ').replace(/, (?=[^,]*$)/, ' and ');
  return `${accesses}; ${perms.endsWith('s') ? 'shared: writes go to the object and are seen by all who map it' : 'private: what is written is a copy of its own'}`;
}

/** The families of private pages that an area is linked to. */
export function familyWords(anonVma: number | null, chain: readonly number[]): string {
  if (anonVma === null) return 'none yet: no private page was made';
  const others = chain.filter((family) => family !== anonVma);
  const own = `family ${anonVma} of private pages`;
  return others.length === 0 ? own : `${own}, and through fork also of ${others.length === 1 ? 'family' : 'families'} ${others.join(', ')}`;
}

export const pagesWords = (count: number) => `${count.toLocaleString('en')} ${count === 1 ? 'page' : 'pages'}`;

/** What is said where no frame can be shown: nothing there, or the frame is free. */
export const noFrame = () => 'No frame: the page is not present.';
export const freeFrame = (pfn: number) => `Frame ${pfn} is free: nobody uses it.`;
