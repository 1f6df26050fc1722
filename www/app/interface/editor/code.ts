/** CodeMirror: the part of the editor that is loaded after the first paint. */
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { type Diagnostic, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, type Range, StateEffect, StateField, Text } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate, WidgetType, drawSelection, keymap, lineNumbers, placeholder } from '@codemirror/view';
import { type Fix, fixesFor } from '../../language/fixes.ts';
import { EDITOR } from '../../texts/editor-en.ts';
import { markOf } from '../lit.ts';
import { scriptLanguage } from './language.ts';
import { type LineResult, NOTHING, type Shown, underlined } from './shown.ts';

/** Texts with more lines are not wrapped: their height would have to be measured. */
const MOST_WRAPPED = 5000;
/** Errors whose text stands below their lines. */
const MOST_BELOW = 20;
/** How long typing must pause before the text is told of. */
const PAUSE = 300;

const setShown = StateEffect.define<Shown>();

/** What is shown, and whether it is about this text. */
const shown = StateField.define<Shown>({
  create: () => NOTHING,
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(setShown)) return effect.value;
    return transaction.docChanged && value.isFresh ? { ...value, isFresh: false } : value;
  },
});

class ResultWidget extends WidgetType {
  constructor(private readonly result: LineResult) {
    super();
  }

  override eq({ result }: ResultWidget): boolean {
    return result.text === this.result.text && result.kind === this.result.kind;
  }

  override toDOM(): HTMLElement {
    const span = document.createElement('span');
    span.className = `result ${this.result.kind}`;
    span.textContent = this.result.text;
    return span;
  }
}

const asideLine = Decoration.line({ class: 'aside-line' });
const currentLine = Decoration.line({ class: 'current-line' });

/** Results, lines set aside and the current line, of the visible part. */
const beside = ViewPlugin.fromClass(class {
  decorations: DecorationSet;

  constructor(view: EditorView) {
    this.decorations = this.#decorate(view);
  }

  update(update: ViewUpdate): void {
    if (update.docChanged || update.viewportChanged || update.startState.field(shown) !== update.state.field(shown)) this.decorations = this.#decorate(update.view);
  }

  #decorate({ state, visibleRanges }: EditorView): DecorationSet {
    const { current, results, places, asideLines, isFresh } = state.field(shown);
    const [first, last] = [visibleRanges[0]?.from, visibleRanges.at(-1)?.to];
    if (!isFresh || first === undefined || last === undefined) return Decoration.none;
    const { doc } = state;
    const [from, to] = [doc.lineAt(first).number, doc.lineAt(last).number];
    const ranges: Range<Decoration>[] = [];
    for (let line = from; line <= to; line++) if (asideLines.has(line)) ranges.push(asideLine.range(doc.line(line).from));
    if (current !== null && current >= from && current <= to) ranges.push(currentLine.range(doc.line(current).from));
    const beside = results(from, to);
    for (const [line, { pid, addr }] of places(from, to)) ranges.push(Decoration.line({ attributes: { 'data-page': markOf(pid, addr) } }).range(doc.line(line).from));
    for (const result of beside) {
      if (result.text === '' || result.line < from || result.line > to) continue;
      ranges.push(Decoration.widget({ widget: new ResultWidget(result), side: 1 }).range(doc.line(result.line).to));
    }
    return Decoration.set(ranges, true);
  }
}, { decorations: (plugin) => plugin.decorations });

/**
 * The text of an error below its line, with what can be done about it. It is a part of the line that begins a row of its own:
 * with blocks between lines CodeMirror (6.43) counts lines above the window as lines in it, and numbers stand beside the wrong ones.
 */
class MistakeWidget extends WidgetType {
  constructor(private readonly message: string, private readonly kind: string, private readonly fixes: readonly Fix[]) {
    super();
  }

  override eq(other: MistakeWidget): boolean {
    return other.message === this.message && other.kind === this.kind && JSON.stringify(other.fixes) === JSON.stringify(this.fixes);
  }

  override toDOM(view: EditorView): HTMLElement {
    const outer = document.createElement('div');
    outer.className = 'mistake-line';
    const block = document.createElement('div');
    block.className = `mistake ${this.kind}`;
    outer.append(block);
    const text = document.createElement('span');
    text.append(...inCode(this.message));
    block.append(text);
    for (const fix of this.fixes) {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = fix.title;
      button.addEventListener('mousedown', (event) => event.preventDefault());
      button.addEventListener('click', () => applyFix(view, view.posAtDOM(outer), fix));
      block.append(button);
    }
    return outer;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

/** What stands between backquotes as code. */
function inCode(text: string): Node[] {
  return text.split('`').map((part, at) => {
    if (at % 2 === 0) return document.createTextNode(part);
    const code = document.createElement('code');
    code.textContent = part;
    return code;
  });
}

const above = (doc: Text, line: number): string => (line > 1 ? doc.line(line - 1).text : '');

/** Changes the line at a place as a fix says. */
function applyFix(view: EditorView, at: number, { up, from, to, insert }: Fix): void {
  const { doc } = view.state;
  const line = doc.line(Math.max(1, doc.lineAt(at).number - up));
  const [start, end] = [Math.min(line.from + from, line.to), Math.min(line.from + to, line.to)];
  view.dispatch({ changes: { from: start, to: end, insert }, selection: { anchor: start + insert.length }, userEvent: 'input.fix', scrollIntoView: true });
  view.focus();
}

/** Texts of errors below lines: until their line is changed. */
const below = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(blocks, transaction) {
    const effect = transaction.effects.find((each) => each.is(setShown));
    if (effect) {
      const { errors, remarks, isFresh } = effect.value as Shown;
      const before = transaction.startState.field(shown);
      if (before.errors === errors && before.remarks === remarks && before.isFresh === isFresh) return blocks.map(transaction.changes);
      return isFresh ? blocksFor(transaction.state, effect.value as Shown) : Decoration.none;
    }
    if (!transaction.docChanged) return blocks;
    const touched: number[] = [];
    transaction.changes.iterChangedRanges((from) => touched.push(transaction.startState.doc.lineAt(from).to));
    return blocks.update({ filter: (_, to) => !touched.includes(to) }).map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

function blocksFor(state: EditorState, value: Shown): DecorationSet {
  const { doc } = state;
  return Decoration.set(underlined(value, doc.lines).slice(0, MOST_BELOW).map(({ line: number, message, kind, error }) => {
    const line = doc.line(number);
    return Decoration.widget({ widget: new MistakeWidget(message, kind, error ? fixesFor(error, line.text, above(doc, number)) : []), side: 2 }).range(line.to);
  }), true);
}

function diagnosticsFor(state: EditorState, value: Shown): Diagnostic[] {
  const { doc } = state;
  return underlined(value, doc.lines).map(({ line: number, column, message, kind, error }) => {
    const line = doc.line(number);
    // An error at the end of a line is shown on its last character.
    const from = Math.max(line.from, Math.min(line.from + column - 1, line.to - 1));
    const word = line.text.slice(from - line.from).match(/^(?:[\w$]+|\S+)/)?.[0].length ?? line.to - from;
    const fixes = error ? fixesFor(error, line.text, above(doc, number)) : [];
    return {
      from, to: error ? from + Math.max(word, Math.min(1, line.to - from)) : line.to, severity: kind, message,
      actions: fixes.map((fix) => ({ name: fix.title, apply: (view: EditorView, at: number) => applyFix(view, at, fix) })),
    };
  });
}

/** Keys of undo and redo: where nothing typed is left to undo, the page undoes. */
const ownHistory = historyKeymap.map((binding) => ({ ...binding, preventDefault: false }));

export interface Told {
  /** At once: the text is another one. */
  readonly edited: () => void;
  /** When typing pauses. */
  readonly changed: (text: string) => void;
}

export class Code {
  readonly view: EditorView;
  readonly #wrapping = new Compartment();
  readonly #history = new Compartment();
  readonly #told: Told;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isSilent = false;
  #isWrapped = true;
  /** The text of a document: making it of many lines takes time. */
  #known: { readonly doc: Text; readonly text: string } | null = null;
  #diagnosed: Pick<Shown, 'errors' | 'remarks' | 'isFresh'> | null = null;

  constructor(parent: HTMLElement, text: string, lines: Text, told: Told) {
    this.#told = told;
    this.#isWrapped = !isLong(text);
    this.view = new EditorView({
      parent,
      state: EditorState.create({
        doc: lines,
        extensions: [
          lineNumbers(), this.#history.of(history()), drawSelection(), search({ top: true }), shown, beside, below, scriptLanguage(),
          this.#wrapping.of(this.#isWrapped ? EditorView.lineWrapping : []),
          keymap.of([...defaultKeymap, ...ownHistory, ...searchKeymap, ...lintKeymap]),
          EditorView.contentAttributes.of({ 'aria-label': EDITOR.label, tabindex: '0', spellcheck: 'false', autocapitalize: 'off', autocorrect: 'off' }),
          placeholder(EDITOR.placeholder),
          EditorView.updateListener.of((update) => {
            if (!update.docChanged || this.#isSilent) return;
            clearTimeout(this.#timer);
            this.#timer = setTimeout(() => this.#told.changed(this.text), PAUSE);
            this.#told.edited();
          }),
        ],
      }),
    });
    this.#known = { doc: this.view.state.doc, text };
  }

  get text(): string {
    const { doc } = this.view.state;
    if (this.#known?.doc !== doc) this.#known = { doc, text: doc.toString() };
    return this.#known.text;
  }

  /** Replaces the text; undone by the page, not here. */
  setText(text: string, lines = linesOf(text)): void {
    clearTimeout(this.#timer);
    const { state } = this.view;
    if (this.#known?.doc === state.doc && this.#known.text === text) return;
    const isWrapped = !isLong(text);
    this.#isSilent = true;
    this.view.dispatch({
      changes: { from: 0, to: state.doc.length, insert: lines },
      selection: { anchor: 0 },
      effects: [setShown.of(NOTHING), ...(isWrapped === this.#isWrapped ? [] : [this.#wrapping.reconfigure(isWrapped ? EditorView.lineWrapping : [])])],
    });
    // What was typed in another text is undone with that.
    for (const empty of [[], history()]) this.view.dispatch({ effects: this.#history.reconfigure(empty) });
    this.#isSilent = false;
    this.#isWrapped = isWrapped;
    this.#known = { doc: this.view.state.doc, text };
  }

  /** Shows what is known of the text that stands here. */
  show(value: Shown): void {
    const { state } = this.view;
    const isNew = this.#diagnosed?.errors !== value.errors || this.#diagnosed.remarks !== value.remarks || this.#diagnosed.isFresh !== value.isFresh;
    const { effects } = isNew ? setDiagnostics(state, value.isFresh ? diagnosticsFor(state, value) : []) : { effects: [] };
    const scroll = value.reveal ? [this.#scroll(value.reveal, 'nearest')] : [];
    this.view.dispatch({ effects: [setShown.of(value), ...(effects ? [effects].flat() : []), ...scroll] });
    if (isNew) this.#diagnosed = { errors: value.errors, remarks: value.remarks, isFresh: value.isFresh };
  }

  /** Scrolls to a line. */
  reveal(number: number, y: 'center' | 'nearest' = 'nearest'): void {
    this.view.dispatch({ effects: this.#scroll(number, y) });
  }

  #scroll(number: number, y: 'center' | 'nearest') {
    return EditorView.scrollIntoView(this.#line(number).from, { y, yMargin: 48 });
  }

  /** Puts the cursor at a place. */
  goTo(number: number, column: number): void {
    const line = this.#line(number);
    const anchor = Math.min(line.from + column - 1, line.to);
    this.view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: 'center' }) });
    this.view.focus();
  }

  /** Tells of what was typed now instead of after the pause. */
  flush(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#told.changed(this.text);
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.view.destroy();
  }

  #line(number: number) {
    const { doc } = this.view.state;
    return doc.line(Math.min(Math.max(1, number), doc.lines));
  }
}

/** CodeMirror splits by a regular expression, which takes a while for many lines. */
export const linesOf = (text: string): Text => Text.of(text.includes('\r') ? text.split(/\r\n?|\n/) : text.split('\n'));

/** Letters of which lines are made in one task. */
const AT_ONCE = 1 << 19;

/** The lines of a large text, made in short tasks. */
export async function linesInTurns(text: string): Promise<Text> {
  let lines = Text.empty;
  for (let at = 0; at < text.length;) {
    const last = text.length - at > AT_ONCE ? text.lastIndexOf('\n', at + AT_ONCE) : -1;
    const next = last < at ? text.length : last + 1;
    lines = lines.append(linesOf(text.slice(at, next)));
    at = next;
    await new Promise((done) => setTimeout(done));
  }
  return lines;
}

/** Whether a text has more lines than are wrapped; not all of them are counted. */
export function isLong(text: string): boolean {
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0 && lines <= MOST_WRAPPED; at = text.indexOf('\n', at + 1)) lines++;
  return lines > MOST_WRAPPED;
}
