/** Elements are defined when they are first needed: they may stand in the page, and have values, before that. */

/**
 * Defines an element once. What was given to those that stand there already is given to them again at once: Lit would do it
 * before it first draws them, which may be some frames later (`turns.ts`), over newer values that came meanwhile.
 */
export function define(name: string, element: CustomElementConstructor): void {
  if (customElements.get(name)) return;
  const early = typeof document === 'undefined' ? [] : [...document.querySelectorAll(name)].map((one) => ({ one, values: taken(one) }));
  customElements.define(name, element);
  for (const { one, values } of early) Object.assign(one, values);
}

/** The values of an element that is none yet, which it has no more. */
function taken(one: Element): Record<string, unknown> {
  const values = { ...one } as Record<string, unknown>;
  for (const name of Object.keys(values)) delete (one as unknown as Record<string, unknown>)[name];
  return values;
}
