/** The script editor: CodeMirror with the results of statements beside their lines. */
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorState, type Range, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, WidgetType, drawSelection, keymap, lineNumbers } from '@codemirror/view';
import type { Model } from './model.ts';

interface Mark {
  readonly line: number;
  readonly text: string;
  readonly kind: string;
}

const setMarks = StateEffect.define<{ results: readonly Mark[]; current: number | null }>();

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
      if (effect.is(setMarks)) updated = decorate(transaction.state, effect.value.results, effect.value.current);
    }
    return updated;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function decorate(state: EditorState, results: readonly Mark[], current: number | null): DecorationSet {
  const ranges: Range<Decoration>[] = [];
  if (current !== null && current <= state.doc.lines) {
    ranges.push(Decoration.line({ class: 'current-line' }).range(state.doc.line(current).from));
  }
  for (const mark of results) {
    if (mark.line > state.doc.lines) continue;
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
export class Editor {
  readonly view: EditorView;
  #timer = 0;
  #silent = false;

  constructor(parent: HTMLElement, edited: (text: string) => void) {
    this.view = new EditorView({
      parent,
      state: EditorState.create({
        extensions: [
          lineNumbers(), lintGutter(), history(), drawSelection(), EditorView.lineWrapping, marks, colours,
          keymap.of([...defaultKeymap, ...historyKeymap]),
          EditorView.contentAttributes.of({ 'aria-label': 'Script', spellcheck: 'false', autocapitalize: 'off' }),
          EditorView.updateListener.of((update) => {
            if (!update.docChanged || this.#silent) return;
            clearTimeout(this.#timer);
            this.#timer = window.setTimeout(() => edited(this.view.state.doc.toString()), 300);
          }),
        ],
      }),
    });
  }

  /** Replaces the text unless it is the same. */
  setText(text: string): void {
    if (text === this.view.state.doc.toString()) return;
    this.#silent = true;
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text } });
    this.#silent = false;
  }

  /** Shows results, the current line and errors. */
  show(model: Model): void {
    if (this.view.state.doc.toString() !== model.text) return;
    const results = model.reports.slice(-400).map((report) => ({ line: report.line, ...resultText(report) }));
    const current = model.reports.at(-1)?.line ?? null;
    this.view.dispatch({ effects: setMarks.of({ results, current }) });
    this.view.dispatch(setDiagnostics(this.view.state, this.#diagnostics(model)));
    if (current !== null && current <= this.view.state.doc.lines) {
      const line = this.view.state.doc.line(current);
      this.view.dispatch({ effects: EditorView.scrollIntoView(line.from, { y: 'nearest', yMargin: 60 }) });
    }
  }

  #diagnostics(model: Model): Diagnostic[] {
    const doc = this.view.state.doc;
    const wrong = model.errors.map((error) => ({ line: error.line, column: error.column, message: error.found ? `found ${error.found}, expected ${error.expected}` : error.expected }));
    const differ = model.reports.flatMap((report) => report.differences.map((d) => ({ line: report.line, column: 1, message: `${d.field}: expected ${d.expected}, found ${d.found}${d.excuse ? ` (${d.excuse})` : ''}` })));
    return [...wrong, ...differ.slice(0, 100)].filter(({ line }) => line <= doc.lines).map(({ line, column, message }) => {
      const at = doc.line(line);
      const from = Math.min(at.from + column - 1, at.to);
      return { from, to: at.to, severity: 'error', message };
    });
  }
}

function resultText(report: Model['reports'][number]): { text: string; kind: string } {
  const faults = report.majFlt ? `${report.majFlt} major` : report.minFlt ? (report.minFlt === 1 ? 'minor fault' : `${report.minFlt} minor faults`) : '';
  if (report.differences.some((d) => !d.excuse)) return { text: `✗ ${report.result}`, kind: 'wrong' };
  if (report.kind === 'skipped') return { text: 'not about memory', kind: 'quiet' };
  if (report.kind === 'error' || report.kind === 'signal') return { text: report.compared ? '✓' : report.result.replace(/^-1 /, '').replace(/ \(.*/, ''), kind: report.compared ? 'fine' : 'refused' };
  // A result that stands in the script already is only ticked off.
  const silent = ['store', 'touch_write', 'touch_read', 'execute', 'on'].includes(report.call);
  const shown = report.compared ? '✓' : silent ? '' : `= ${report.result}`;
  return { text: [shown, faults].filter(Boolean).join(' · '), kind: faults ? 'fault' : 'fine' };
}
