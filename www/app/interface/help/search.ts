/** What is found in the lists of help. */
import { fitting } from '../../fuzzy.ts';

/** What is called so, then what has such a parameter, then what only speaks of it, then slips. */
export function searched<T extends { readonly name: string; readonly sentence: string }>(typed: string, all: readonly T[]): readonly T[] {
  const word = typed.trim().toLowerCase();
  if (word === '') return all;
  const has = (text: string) => text.toLowerCase().includes(word);
  const nameOf = ({ name }: T) => name.replace(/\(.*/, '');
  const near = fitting(typed, all, nameOf).map(({ one }) => one);
  const spoken = word.length < 3 ? [] : all.filter(({ sentence }) => has(sentence));
  return [...new Set([...near.filter((one) => has(nameOf(one))), ...all.filter(({ name }) => has(name)), ...spoken, ...near])];
}
