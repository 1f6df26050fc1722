/** Parts that the first sight of the page does without. Each is fetched when it is first shown, or when nothing else is to do; an element takes the properties that it was given before. */
const PARTS = {
  'pf-picture': () => import('./picture.ts'),
  'pf-memory': () => import('./space/pf-memory.ts'),
  'pf-area': () => import('./inspector/pf-area.ts'),
  'pf-walk': () => import('./inspector/pf-walk.ts'),
  'pf-frame': () => import('./inspector/pf-frame.ts'),
  'pf-bytes': () => import('./inspector/pf-bytes.ts'),
  'pf-tlb': () => import('./inspector/pf-tlb.ts'),
  'pf-cache': () => import('./inspector/pf-cache.ts'),
  'pf-meminfo': () => import('./inspector/pf-meminfo.ts'),
  'pf-proc': () => import('./inspector/pf-proc.ts'),
  'pf-ram': () => import('./space/pf-ram.ts'),
  'pf-minimap': () => import('./space/pf-minimap.ts'),
  'pf-space-table': () => import('./space/pf-space-table.ts'),
  'pf-console': () => import('./console/console.ts'),
  'pf-charts': () => import('./charts/pf-charts.ts'),
  'pf-compare': () => import('./compare/pf-compare.ts'),
  'pf-branches': () => import('./branches/pf-branches.ts'),
  'pf-account': () => import('./account/pf-account.ts'),
  'pf-dump': () => import('./account/pf-dump.ts'),
  'pf-open': () => import('./open/open.ts'),
  'pf-palette': () => import('./palette/palette.ts'),
  'pf-help': () => import('./help/help.ts'),
  tip: () => import('./term/tip.ts'),
  functions: () => import('../texts/functions.ts'),
  rules: () => import('../texts/rules.ts'),
  compare: () => import('../model/compare.ts'),
  link: () => import('../link.ts'),
} as const;

export type Part = keyof typeof PARTS;
type Of<P extends Part> = Awaited<ReturnType<(typeof PARTS)[P]>>;

const asked = new Map<Part, Promise<unknown>>();
const there = new Map<Part, unknown>();

/** Fetches a part, once. What could not be fetched is asked for again the next time. */
export function later<P extends Part>(part: P): Promise<Of<P>> {
  let answer = asked.get(part) as Promise<Of<P>> | undefined;
  if (!answer) {
    answer = PARTS[part]() as Promise<Of<P>>;
    asked.set(part, answer);
    answer.then((module) => there.set(part, module), () => asked.delete(part));
  }
  return answer;
}

/** A part if it is there; otherwise it is fetched, and `then` is told. */
export function orLater<P extends Part>(part: P, then: () => void): Of<P> | null {
  if (there.has(part)) return there.get(part) as Of<P>;
  void later(part).then(then);
  return null;
}

/** All that is left, one after the other, so that nothing has to be waited for, and nothing is missing without a network. */
export async function fetchRest(): Promise<void> {
  for (const part of Object.keys(PARTS) as Part[]) await later(part);
}
