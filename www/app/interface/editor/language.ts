/** The script language as CodeMirror wants it: colours, completion, the signature of a call, what is said on hover. */
import { type Completion, type CompletionContext, type CompletionResult, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { bracketMatching } from '@codemirror/language';
import { EditorState, type Extension, RangeSetBuilder, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, type Tooltip, ViewPlugin, type ViewUpdate, hoverTooltip, keymap, showTooltip } from '@codemirror/view';
import { highlightTree, tagHighlighter, tags } from '@lezer/highlight';
import { groupsOf } from '../../language/arguments.ts';
import { choicesFor } from '../../language/complete.ts';
import { type Bound, type Context, LINES_ABOVE, boundIn, contextOf } from '../../language/context.ts';
import { type Description, callAt, describe, describeCall } from '../../language/describe.ts';
import { parser } from '../../language/parser.ts';
import { type CallEntry, callOf, signatureParts } from '../../language/table.ts';

/** Numbers and constants are as plain text is: each mark is an element, and of a log most words are such. */
const colours = tagHighlighter([
  { tag: tags.comment, class: 'tok-comment' },
  { tag: tags.string, class: 'tok-string' },
  { tag: tags.function(tags.name), class: 'tok-call' },
  { tag: tags.definition(tags.variableName), class: 'tok-bound' },
  { tag: [tags.meta, tags.propertyName, tags.attributeValue], class: 'tok-setting' },
  { tag: tags.labelName, class: 'tok-process' },
  { tag: tags.keyword, class: 'tok-keyword' },
]);

const marks = new Map<string, Decoration>();
function mark(classes: string): Decoration {
  let known = marks.get(classes);
  if (!known) marks.set(classes, (known = Decoration.mark({ class: classes })));
  return known;
}

/**
 * Colours of what is visible. Statements end with their lines, so that any part of a text can be parsed by itself, and the
 * last of 100,000 lines has its colours at once, which a parser that begins at the top would reach after seconds.
 */
const coloured = ViewPlugin.fromClass(class {
  decorations: DecorationSet;

  constructor(view: EditorView) {
    this.decorations = this.#colour(view);
  }

  update(update: ViewUpdate): void {
    if (update.docChanged || update.viewportChanged) this.decorations = this.#colour(update.view);
  }

  #colour({ state: { doc }, visibleRanges }: EditorView): DecorationSet {
    const builder = new RangeSetBuilder<Decoration>();
    for (const { from, to } of visibleRanges) {
      const start = doc.line(Math.max(1, doc.lineAt(from).number - LINES_ABOVE)).from;
      const end = Math.min(doc.lineAt(to).to, start + MOST_COLOURED);
      highlightTree(parser.parse(doc.sliceString(start, end)), colours, (a, b, classes) => {
        if (start + a >= from) builder.add(start + a, start + b, mark(classes));
      });
    }
    return builder.finish();
  }
}, { decorations: (plugin) => plugin.decorations });

/** Characters that are coloured at once. */
const MOST_COLOURED = 100_000;

/** Characters before a place that are looked at. */
const MOST_BEFORE = 8000;
/** Lines above a place in which bound names are looked for. */
const LINES_OF_NAMES = 3000;

/** The text before a place, as far as a call may reach. */
function textBefore(state: EditorState, at: number): string {
  const { doc } = state;
  const first = doc.line(Math.max(1, doc.lineAt(at).number - LINES_ABOVE));
  return doc.sliceString(Math.max(first.from, at - MOST_BEFORE), at);
}

function boundAbove(state: EditorState, at: number): Bound[] {
  const { doc } = state;
  const last = doc.lineAt(at).number - 1;
  return boundIn((function* () {
    for (let line = last; line >= Math.max(1, last - LINES_OF_NAMES); line--) yield [line, doc.line(line).text] as const;
  })());
}

/** Whether something is offered without being asked for, where no word has been begun. */
function isInviting(context: Context): boolean {
  if (context.kind !== 'argument') return context.kind !== 'call';
  return !context.isNested && groupsOf(context.call, callOf(context.call)?.parameters[context.index] ?? '').length > 0 && /^$|\|$/.test(context.given);
}

function complete({ state, pos, explicit }: CompletionContext): CompletionResult | null {
  const context = contextOf(textBefore(state, pos));
  if (!context || (!explicit && context.word === '' && !isInviting(context))) return null;
  const options = choicesFor(context, boundAbove(state, pos)).map(({ label, detail, info, type, insert, caret, rank }, at): Completion => ({
    // Otherwise equal, in the order of the table, which is that of the manual.
    label, detail, type, boost: rank * 10 - Math.min(at, 400) / 50, ...(info ? { info } : {}),
    apply: (view: EditorView, _: Completion, from: number, to: number) => {
      // A parenthesis or bracket that stands there already is not put in twice.
      const next = view.state.sliceDoc(to, to + 1);
      const isDoubled = (type === 'call' && next === '(') || (type === 'process' && next === ']');
      const text = isDoubled ? label : insert;
      const anchor = from + (isDoubled ? text.length + 1 : caret);
      view.dispatch({ changes: { from, to, insert: text }, selection: { anchor }, userEvent: 'input.complete', scrollIntoView: true });
    },
  }));
  return options.length === 0 ? null : { from: pos - context.word.length, options, validFor: /^@?[\w.]*$/ };
}

function describedIn(description: Pick<Description, 'title' | 'detail' | 'sentence'>, title: Node): HTMLElement {
  const dom = document.createElement('div');
  dom.className = 'pf-described';
  const code = document.createElement('code');
  code.append(title);
  dom.append(code);
  if (description.detail) {
    const detail = document.createElement('span');
    detail.className = 'detail';
    detail.textContent = description.detail;
    dom.append(detail);
  }
  if (description.sentence) {
    const sentence = document.createElement('p');
    sentence.textContent = description.sentence;
    dom.append(sentence);
  }
  return dom;
}

const hover = hoverTooltip((view, pos) => {
  const line = view.state.doc.lineAt(pos);
  const found = describe(line.text, pos - line.from, () => boundAbove(view.state, pos));
  return found && {
    pos: line.from + found.from,
    end: line.from + found.to,
    above: true,
    create: () => ({ dom: describedIn(found, document.createTextNode(found.title)) }),
  };
}, { hoverTime: 350 });

/** The signature with the argument of the cursor marked. */
function signatureTooltip(call: CallEntry, index: number, pos: number): Tooltip {
  return {
    pos,
    above: true,
    create: () => {
      const title = document.createDocumentFragment();
      for (const { text, parameter } of signatureParts(call)) {
        const part = document.createElement(parameter === index ? 'b' : 'span');
        part.textContent = text;
        title.append(part);
      }
      return { dom: describedIn({ ...describeCall(call), detail: '' }, title) };
    },
  };
}

const askSignature = StateEffect.define<boolean>();

/** Shown while one types within a call, or when asked for. */
const signatureHelp = StateField.define<Tooltip | null>({
  create: () => null,
  update(shown, transaction) {
    const { state } = transaction;
    const asked = transaction.effects.find((effect) => effect.is(askSignature))?.value;
    if (asked === false) return null;
    const isTyped = transaction.docChanged && (transaction.isUserEvent('input') || transaction.isUserEvent('delete'));
    if (!isTyped && asked === undefined && (!shown || (!transaction.docChanged && !transaction.selection))) return shown;
    if (!isTyped && asked === undefined && transaction.docChanged) return null;
    const { main } = state.selection;
    const call = main.empty ? callAt(textBefore(state, main.head)) : null;
    return call ? signatureTooltip(call.call, call.index, main.head) : null;
  },
  provide: (field) => showTooltip.from(field),
});

const signatureKeys = keymap.of([
  { key: 'Mod-Shift-Space', run: (view) => (view.dispatch({ effects: askSignature.of(true) }), true) },
  {
    key: 'Escape',
    run: (view) => {
      if (!view.state.field(signatureHelp)) return false;
      view.dispatch({ effects: askSignature.of(false) });
      return true;
    },
  },
]);

export const scriptLanguage = (): Extension => [
  EditorState.languageData.of(() => [{ commentTokens: { line: '#' }, closeBrackets: { brackets: ['(', '[', '{', '"'] } }]),
  coloured,
  bracketMatching(),
  closeBrackets(),
  // So few that the list needs no scrolling: a list that scrolls would have to take the focus.
  autocompletion({ override: [complete], icons: false, maxRenderedOptions: 9 }),
  keymap.of([...completionKeymap, ...closeBracketsKeymap]),
  hover,
  signatureHelp,
  signatureKeys,
  EditorView.domEventHandlers({ blur: (_, view) => void (view.state.field(signatureHelp) && view.dispatch({ effects: askSignature.of(false) })) }),
];
