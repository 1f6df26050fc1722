/** What people read lies in `texts`: a sentence or a name anywhere else would stay English in every other language. */
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const app = fileURLToPath(new URL('.', import.meta.url));

interface Literal { readonly line: number; readonly text: string; readonly isMarkup: boolean }

/** Where a value stands in a template. */
const HOLE = '\u0000';

/** Whether a slash divides, or begins an expression: by what stands before it. */
const startsRegex = (before: string): boolean => /\breturn\s*$/.test(before) || !/[\w)\]'"`]!?\s*$/.test(before);

/** Reads a source as far as it takes to know its literals. */
class Source {
  readonly found: Literal[] = [];
  #at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    this.#code(false);
  }

  /** What is not closed is not understood: better no answer than a wrong one. */
  get #now(): string {
    if (this.#at >= this.#text.length) throw new Error(`a literal that does not end, behind ${this.found.at(-1)?.text ?? 'nothing'}`);
    return this.#text[this.#at]!;
  }

  #tell(from: number, text: string, isMarkup: boolean): void {
    this.found.push({ line: this.#text.slice(0, from).split('\n').length, text, isMarkup });
  }

  #code(isInside: boolean): void {
    const text = this.#text;
    let depth = 0;
    while (this.#at < text.length) {
      const one = text[this.#at]!;
      const two = text.slice(this.#at, this.#at + 2);
      if (two === '//' || two === '/*') this.#at = two === '//' ? (text.indexOf('\n', this.#at) + 1 || text.length) : text.indexOf('*/', this.#at) + 2;
      else if (one === "'" || one === '"') this.#string(one);
      else if (one === '`') this.#template();
      else if (one === '/' && startsRegex(text.slice(Math.max(0, this.#at - 20), this.#at))) this.#regex();
      else {
        this.#at++;
        if (one === '{') depth++;
        if (one === '}' && isInside && depth === 0) return;
        if (one === '}') depth--;
      }
    }
  }

  #string(quote: string): void {
    const from = ++this.#at;
    while (this.#now !== quote) this.#at += this.#text[this.#at] === '\\' ? 2 : 1;
    this.#tell(from, this.#text.slice(from, this.#at++), false);
  }

  #template(): void {
    const from = this.#at++;
    const isMarkup = /\b(?:html|svg)$/.test(this.#text.slice(Math.max(0, from - 5), from));
    let all = '';
    while (this.#now !== '`') {
      if (this.#text.slice(this.#at, this.#at + 2) === '${') {
        this.#at += 2;
        this.#code(true);
        all += HOLE;
      } else {
        const size = this.#text[this.#at] === '\\' ? 2 : 1;
        all += this.#text.slice(this.#at, this.#at + size);
        this.#at += size;
      }
    }
    this.#at++;
    this.#tell(from, all, isMarkup);
  }

  #regex(): void {
    let isClass = false;
    for (this.#at++; this.#now !== '/' || isClass; this.#at++) {
      if (this.#text[this.#at] === '\\') this.#at++;
      else if (this.#text[this.#at] === '[') isClass = true;
      else if (this.#text[this.#at] === ']') isClass = false;
    }
    this.#at++;
  }
}

/** Attributes whose values are read. */
const READ = /(?:aria-label|aria-roledescription|aria-valuetext|title|placeholder|alt|label)="([^"]*)"/g;

/** What of markup is read: texts between elements, and some attributes. */
function readOf(markup: string): string[] {
  const flat = markup.replaceAll(/\s+/g, ' ');
  // A value may hold what looks like the end of an element; it is a hole here.
  const texts = flat.replaceAll(/<[^<>]*>/g, '<>').split('<>');
  return [...[...flat.matchAll(READ)].map(([, value]) => value!), ...texts].filter((text) => /[A-Za-z]{2}/.test(text.replaceAll(/&\w+;|\\u\w+/g, '')));
}

/** Two words beside each other, or a word with a capital that ends like a sentence. */
const PROSE = /(?:^|[\s“(])[A-Za-z’']{2,}[,:;]? [a-zA-Z’']{2,}(?:$|[\s,.:;?!)”\0])|\0[,:]? [a-z]{2,}|[a-z]{2,}:? \0|^[A-Z][a-z]+ …?$/;
/** Code in quotes: selectors, declarations of style, headers of scripts, paths of SVG, types. */
const CODE = /^[@.#[:]|[{};=<>[\]]|^M-?\d|^(?:\(prefers|\(forced|\(max|\(min|M\b|pf-|on SIG)|\0px|\\0|^[\w-]+ \0 ?[\w\0-]*$|^[a-z-]+(?: [a-z-]+)* (?:\.|#)|, (?:textarea|#|\.)|transform|clip|^(?:toplevel|use strict)/;

const prose = ({ text, isMarkup }: Literal): string[] => (isMarkup ? readOf(text) : PROSE.test(text) && !CODE.test(text) ? [text] : []);

/** Names of what can be asked for, which are words. Nobody reads them. */
const NAMES = new Set(['before the end', 'change of the page', 'change of its entry', 'change of the area', 'change of', 'in turn', 'next frame']);

/** What looks like prose and is none: where it is, and how it begins. */
const NO_PROSE: readonly (readonly [file: string, begins: string, why: string])[] = [
  ['interface/header/header.ts', 'pagefault', 'our name'],
  ['interface/inspector/pf-walk.ts', 'NX', 'the name of a bit'],
  ['interface/inspector/pf-area.ts', 'file none', 'classes'],
  ['interface/inspector/pf-area.ts', 'page now', 'classes'],
  ['interface/space/watch.ts', '(resolution', 'a question to the browser'],
  ['language/highlight.ts', '', 'names of the grammar'],
  ['language/fixes.ts', 'the end of the line', 'what the core says it found'],
  ['scene/canvas.ts', 'ui-monospace', 'fonts'],
  ['scene/canvas.ts', 'system-ui', 'fonts'],
  ['link.ts', 'too long', 'an error that is caught where it is thrown'],
  ['model/branches.ts', 'there is no branch', 'a mistake of ours'],
  ['model/tracks.ts', 'steps ', 'a mistake of ours'],
  ['interface/open/open.ts', 'nobody reads files here', 'a mistake of ours'],
];

/** Of these the words are not ours: the worker gives the core's answers, and is below the floor of texts. */
const ELSEWHERE = /^(?:dist|texts|node_modules|worker)\/|\.test\.ts$|\/golden\/|^language\/parser|^vite\.config/;

const sources = readdirSync(app, { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/')).filter((file) => file.endsWith('.ts') && !ELSEWHERE.test(file));

function literalsOf(file: string): readonly Literal[] {
  try {
    return new Source(readFileSync(app + file, 'utf8')).found;
  } catch (error) {
    throw new Error(file, { cause: error });
  }
}

test('no words outside of texts', () => {
  expect(sources.length).toBeGreaterThan(120);
  const found = sources.flatMap((file) => literalsOf(file).flatMap((literal) => prose(literal).map((text) => ({ file, text, line: literal.line }))))
    .filter(({ text }) => !NAMES.has(text));
  const isExcused = ({ file, text }: { file: string; text: string }, [where, begins]: readonly [string, string, string]) => where === file && text.startsWith(begins);
  // An excuse that nothing needs any more is taken away.
  expect(NO_PROSE.filter((excuse) => !found.some((one) => isExcused(one, excuse)))).toEqual([]);
  expect(found.filter((one) => !NO_PROSE.some((excuse) => isExcused(one, excuse))).map(({ file, text, line }) => `${file}:${line}: ${text.replaceAll(HOLE, '…').slice(0, 100)}`).join('\n')).toBe('');
});

describe('it sees', () => {
  const see = (text: string) => new Source(text).found.flatMap(prose).map((one) => one.replaceAll(HOLE, '…'));
  test.each([
    ["say('Nothing was changed.')", 'Nothing was changed.'],
    ['say(`${name} is empty.`)', '… is empty.'],
    ['html`<button title="Zoom in">${"+"}</button>`', 'Zoom in'],
    ['html`<p>Help</p>`', 'Help'],
    ['html`<p>${a ? html`<b>deep inside</b>` : nothing}</p>`', 'deep inside'],
    ["const a = { title: 'Step over: to the next' };", 'Step over: to the next'],
    ["fit(`${n} of pages`)", '… of pages'],
    ["// it's a comment\nsay('two words')", 'two words'],
  ])('%s', (text, words) => expect(see(text)).toEqual([words]));
  test.each([["document.querySelector('.pf-a .pf-b')"], ["import a from './a b.ts'; // no words here"], ['html`<div class="one two">${x}</div>`'], ["x.replace(/two words'/, '')"], ["matchMedia('(prefers-contrast: more)')"]])('and is quiet about %s', (text) => expect(see(text)).toEqual([]));
});
