import { afterEach, expect, test, vi } from 'vitest';
import { define } from './define.ts';

afterEach(() => vi.unstubAllGlobals());

/** An element as Lit makes it: own values are kept back, and given again before it is first drawn. */
class Late {
  readonly #kept: Record<string, unknown>;
  #text: unknown = null;

  constructor(kept: Record<string, unknown>) {
    this.#kept = kept;
  }

  get text(): unknown {
    return this.#text;
  }

  set text(text: unknown) {
    this.#text = text;
  }

  draw(): unknown {
    Object.assign(this, this.#kept);
    return this.#text;
  }
}

test('what comes between its definition and its first drawing stays', () => {
  const one: Record<string, unknown> = { text: 'old' };
  const defined = new Map<string, unknown>();
  let upgraded: Late | undefined;
  vi.stubGlobal('document', { querySelectorAll: () => [one] });
  vi.stubGlobal('customElements', {
    get: (name: string) => defined.get(name),
    define: (name: string, element: unknown) => {
      defined.set(name, element);
      upgraded = new Late({ ...one });
      // What is written to the element reaches what it has become.
      Object.defineProperty(one, 'text', { configurable: true, enumerable: true, get: () => upgraded!.text, set: (text) => { upgraded!.text = text; } });
    },
  });
  define('pf-late', Late as unknown as CustomElementConstructor);
  expect(upgraded!.text).toBe('old');
  one['text'] = 'new';
  expect(upgraded!.draw()).toBe('new');
  const before = upgraded;
  define('pf-late', Late as unknown as CustomElementConstructor);
  expect(upgraded).toBe(before);
});
