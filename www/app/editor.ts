/** The script editor: CodeMirror with the results of statements beside their lines. */
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { EditorState, type Range, StateEffect, StateField, type Text } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, WidgetType, drawSelection, keymap, lineNumbers } from '@codemirror/view';
import type { Model } from './model.ts';
import { reasonOf, resultText } from './verdict.ts';

interface Mark {
  readonly line: number;
  readonly text: string;
  readonly kind: string;
}

const setMarks = StateEffect.define<{ results: readonly Mark[]; aside: readonly number[]; current: number | null }>();

class ResultWidget extends WidgetType {
  constructor(private readonly mark: Mark) {
    super();
  }

  override eq(other: ResultWidget): boolean {
    return other.mark.text === this.mark.text && other.mark.kind === this.mark.kind;
  }

  override toDOM(): HTMLElement {
    const span = document.createElement('span');
    span.className = `result ${this.mark.kind}`;
    span.textContent = this.mark.text;
    return span;
  }
}

const marks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(decorations, transaction) {
    let updated = decorations.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (effect.is(setMarks)) updated = decorate(transaction.state, effect.value);
    }
    return updated;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function decorate(state: EditorState, { results, aside, current }: { results: readonly Mark[]; aside: readonly number[]; current: number | null }): DecorationSet {
  const ranges: Range<Decoration>[] = [];
  for (const line of aside) {
    if (line <= state.doc.lines) ranges.push(Decoration.line({ class: 'aside-line' }).range(state.doc.line(line).from));
  }
  if (current !== null && current <= state.doc.lines) {
    ranges.push(Decoration.line({ class: 'current-line' }).range(state.doc.line(current).from));
  }
  for (const mark of results) {
    if (mark.line > state.doc.lines || mark.text === '') continue;
    ranges.push(Decoration.widget({ widget: new ResultWidget(mark), side: 1 }).range(state.doc.line(mark.line).to));
  }
  return Decoration.set(ranges, true);
}

/** Colours for names of calls, strings, comments; by regular expressions, since a line is all the context there is. */
const TOKENS = /(#.*$)|("(?:[^"\\]|\\.)*")|(\b[a-z_][a-z0-9_]*(?=\())|(^\s*[@><]\s*\w*)|(\b(?:PROT|MAP|MADV|MREMAP|O|SIG|SEGV|BUS|E)[A-Z_0-9]{2,}\b)/g;
const CLASSES = ['', 'tok-comment', 'tok-string', 'tok-call', 'tok-setting', 'tok-constant'];

const colours = EditorView.decorations.compute(['doc'], (state) => {
  const ranges: Range<Decoration>[] = [];
  // Long recordings are read, not edited: their first part is coloured.
  for (let number = 1; number <= Math.min(state.doc.lines, 1500); number++) {
    const line = state.doc.line(number);
    for (const match of line.text.matchAll(TOKENS)) {
      const group = match.findIndex((text, i) => i > 0 && text !== undefined);
      ranges.push(Decoration.mark({ class: CLASSES[group]! }).range(line.from + match.index, line.from + match.index + match[0].length));
    }
  }
  return Decoration.set(ranges, true);
});

/** The editor in `parent`; `edited` is called a moment after the user stopped typing. */
/** Errors and differences that are underlined. */
const MOST_UNDERLINED = 200;
/** Lines that are marked as no calls. */
const MOST_ASIDE = 2000;

export class Editor {
  readonly view: EditorView;
  #timer = 0;
  #silent = false;
  /** The text that the document was last known to be: comparing long texts takes time. */
  #known: { doc: Text; text: string } | null = null;
  #current: number | null = null;
  #shownErrors: Model['errors'] = [];

  /** `touched`: at once; `edited`: when the typing pauses. */
  constructor(parent: HTMLElement, touched: () => void, edited: (text: string) => void) {
    this.view = new EditorView({
      parent,
      state: EditorState.create({
        extensions: [
          lineNumbers(), lintGutter(), history(), drawSelection(), EditorView.lineWrapping, marks, colours,
          keymap.of([...defaultKeymap, ...historyKeymap, ...lintKeymap]),
          EditorView.contentAttributes.of({ 'aria-label': 'Script', spellcheck: 'false', autocapitalize: 'off' }),
          EditorView.updateListener.of((update) => {
            if (!update.docChanged || this.#silent) return;
            clearTimeout(this.#timer);
            this.#timer = window.setTimeout(() => this.#tell(edited), 300);
            touched();
          }),
        ],
      }),
    });
  }

  #tell(edited: (text: string) => void): void {
    const { doc } = this.view.state;
    const text = doc.toString();
    this.#known = { doc, text };
    edited(text);
  }

  /** Replaces the text unless it is the same. */
  setText(text: string): void {
    clearTimeout(this.#timer);
    if (this.#known?.text === text && this.#known.doc === this.view.state.doc) return;
    this.#silent = true;
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text }, effects: setMarks.of({ results: [], aside: [], current: null }) });
    this.#silent = false;
    this.#known = { doc: this.view.state.doc, text };
    this.#current = null;
  }

  /** Shows results, the current line and errors: of the text that stands here, or none. */
  show(model: Model): void {
    const isSame = this.#known?.doc === this.view.state.doc && this.#known.text === model.text && model.isFresh;
    const { results, aside } = isSame ? this.#marks(model) : { results: [], aside: [] };
    const current = (isSame && model.recent.at(-1)?.line) || null;
    this.view.dispatch({ effects: setMarks.of({ results, aside, current }) });
    this.view.dispatch(setDiagnostics(this.view.state, isSame ? this.#diagnostics(model) : []));
    if (!isSame) return;
    // What is new is scrolled to, once.
    if (current !== this.#current && current !== null && model.errors.length === 0) this.reveal(current, 'nearest');
    else if (model.errors.length > 0 && model.errors !== this.#shownErrors && !this.view.hasFocus) this.reveal(model.errors[0]!.line);
    this.#current = current;
    this.#shownErrors = model.errors;
  }

  /** What stands beside lines: of the last steps, and of what is lost with lines that are none. */
  #marks(model: Model): { results: Mark[]; aside: number[] } {
    const left = new Set(model.verdict?.leftOut.map(({ line }) => line));
    const isLog = model.session?.isLog ?? false;
    const results = model.recent.map((report) => ({ line: report.line, ...resultText(report, { isLeftOut: left.has(report.line), isLog }) }));
    const aside = model.aside.slice(0, MOST_ASIDE);
    const lost = aside.filter(({ isMemoryCall, line }) => isMemoryCall && left.has(line)).map(({ line }) => ({ line, text: 'not replayed', kind: 'left' }));
    return { results: [...results, ...lost], aside: aside.filter(({ isMemoryCall }) => !isMemoryCall).map(({ line }) => line) };
  }

  /** Scrolls to a line. */
  reveal(number: number, y: 'center' | 'nearest' = 'center'): void {
    const { doc } = this.view.state;
    const line = doc.line(Math.min(Math.max(1, number), doc.lines));
    this.view.dispatch({ effects: EditorView.scrollIntoView(line.from, { y, yMargin: 60 }) });
  }

  /** Scrolls to a line and selects it. */
  select(number: number): void {
    const { doc } = this.view.state;
    const line = doc.line(Math.min(Math.max(1, number), doc.lines));
    this.view.dispatch({ selection: { anchor: line.from, head: line.to } });
    this.reveal(number);
  }

  /** Puts the cursor at a place. */
  goTo({ line: number, column }: { readonly line: number; readonly column: number }): void {
    const { doc } = this.view.state;
    const line = doc.line(Math.min(Math.max(1, number), doc.lines));
    this.view.dispatch({ selection: { anchor: Math.min(line.from + column - 1, line.to) } });
    this.reveal(number);
    this.view.focus();
  }

  #diagnostics(model: Model): Diagnostic[] {
    const { doc } = this.view.state;
    const wrong = model.errors.map((error) => ({ line: error.line, column: error.column, message: reasonOf(error), severity: 'error' as const }));
    const differ = model.remarks.flatMap(([, report]) => report.differences.map((d) => ({
      line: report.line, column: 1, message: `${d.field} should be ${d.expected}, is ${d.found}${d.excuse ? ` (${d.excuse})` : ''}${d.cause ? `; ${d.cause}` : ''}`,
      severity: d.excuse ? 'warning' as const : 'error' as const,
    })));
    return [...wrong, ...differ].filter(({ line }) => line <= doc.lines).slice(0, MOST_UNDERLINED).map(({ line, column, message, severity }) => {
      const at = doc.line(line);
      // An error at the end of a line is shown on its last character.
      const from = Math.max(at.from, Math.min(at.from + column - 1, at.to - 1));
      return { from, to: at.to, severity, message };
    }).sort((a, b) => a.from - b.from);
  }
}
