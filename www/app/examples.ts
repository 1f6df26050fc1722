/** The scripts of the menu: the same files that the tests run. */
import { EXAMPLE_GROUPS, EXAMPLE_TITLES } from './texts/examples.ts';

const short = import.meta.glob('../../tests/scripts/examples/*.pf', { query: '?raw', import: 'default' });
const real = import.meta.glob('../../tests/scripts/real/*.pf', { query: '?raw', import: 'default' });

export interface Example {
  /** Name in links. */
  readonly id: string;
  readonly title: string;
  readonly group: string;
  /** The log or recording of a real program. */
  readonly isLog: boolean;
  readonly load: () => Promise<string>;
}

function list(files: Record<string, () => Promise<unknown>>, group: string): Example[] {
  return Object.entries(files).map(([path, load]) => {
    const id = path.replace(/^.*\//, '').replace(/\.pf$/, '');
    return { id, title: EXAMPLE_TITLES[id] ?? id, group, isLog: path.includes('/real/'), load: () => load() as Promise<string> };
  });
}

export const isExample = (id: string): boolean => EXAMPLES.some((example) => example.id === id);

const order = Object.keys(EXAMPLE_TITLES);
/** Its place in the menu: what has no title yet comes last. */
const place = ({ id }: Example): number => (order.includes(id) ? order.indexOf(id) : order.length);

/** In the order of the menu. */
export const EXAMPLES: readonly Example[] = [...list(short, EXAMPLE_GROUPS.short), ...list(real, EXAMPLE_GROUPS.real)].sort(
  (a, b) => place(a) - place(b),
);
