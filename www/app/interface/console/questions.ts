/** Loaded when the console is used first. What it knows itself: what it takes, and help about words; and what it completes. */
import { type Choice, choicesFor } from '../../language/complete.ts';
import { type Bound, boundIn, contextOf } from '../../language/context.ts';
import { describeCall } from '../../language/describe.ts';
import { CONSTANTS, callOf, constantOf } from '../../language/table.ts';
import { fit } from '../../fuzzy.ts';
import { CONSOLE } from '../../texts/interface-en.ts';
import * as LANGUAGE from '../../texts/language-en.ts';

export { fixesFor } from '../../language/fixes.ts';

/** The answer to `help` and `help WORD`; null if the line asks something else. */
export function helpAbout(line: string): string | null {
  const match = line.trim().match(/^(?:help|\?)(?:\s+([\w$@]+)(?:\(\))?)?$/);
  if (!match) return null;
  const word = match[1];
  if (!word) return [CONSOLE.help, ...CONSOLE.questions.map(([, example, sentence]) => `  ${example.padEnd(14)}${sentence}`)].join('\n');
  const call = callOf(word);
  if (call) {
    const { title, detail, sentence } = describeCall(call);
    return `${title}\n${sentence} ${detail}`;
  }
  const constant = constantOf(word);
  if (constant) return `${word} = ${constant.value}\n${LANGUAGE.CONSTANTS[word] ?? LANGUAGE.GROUPS[constant.group]}`;
  const group = CONSTANTS.filter(({ name }) => name.startsWith(`${word.toUpperCase().replace(/_$/, '')}_`));
  if (group.length > 0) return group.map(({ name, value }) => `${name.padEnd(24)}${value.padEnd(14)}${LANGUAGE.CONSTANTS[name] ?? ''}`.trimEnd()).join('\n');
  const setting = LANGUAGE.SETTINGS[word.replace(/^@/, '')];
  if (setting) return `${setting[0]}\n${setting[1]}`;
  const question = CONSOLE.questions.find(([name]) => name === word);
  return question ? `${question[1]}\n${question[2]}` : CONSOLE.helpUnknown(word);
}

/** Characters above a place that are looked at for names. */
const MOST_ABOVE = 200_000;

/** The names that a text binds, nearest first. */
export function namesIn(text: string): readonly Bound[] {
  const from = text.length > MOST_ABOVE ? text.indexOf('\n', text.length - MOST_ABOVE) + 1 : 0;
  let above = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < from; at = text.indexOf('\n', at + 1)) above++;
  const lines = text.slice(from).split('\n');
  return boundIn(lines.map((line, at) => [above + at + 1, line] as const).reverse());
}

/** Questions whose rest is an address or a name. */
const QUESTION = /^\s*(?:maps|smaps|walk|explain|status)\s+.*?([A-Za-z_$]\w*|)$/;
const MOST = 8;

/** What completes the word before the cursor, the best first. */
export function completions(before: string, bound: readonly Bound[]): { readonly word: string; readonly choices: readonly Choice[] } {
  const name = before.match(QUESTION)?.[1];
  const context = name === undefined ? contextOf(before) : null;
  const word = name ?? context?.word ?? '';
  let choices: Choice[] = [];
  if (name !== undefined) {
    choices = bound.map(({ name: label, call, line }) => ({ label, type: 'name' as const, detail: '', info: LANGUAGE.EDITOR.bound(call, line), insert: label, caret: label.length, rank: 0 }));
  } else if (context) {
    choices = choicesFor(context, bound);
    if (context.kind === 'call' && /^\s*\w*$/.test(before)) {
      const questions = CONSOLE.questions.map(([label, example, info]): Choice => ({ label, type: 'word', detail: example.slice(label.length), info, insert: label, caret: label.length, rank: 1 }));
      // `maps` is a call of scripts as well.
      choices = [...questions, ...choices.filter(({ label }) => !questions.some((question) => question.label === label))];
    }
  }
  if (word === '' && context?.kind !== 'argument') return { word, choices: [] };
  const fits = choices.map((choice) => ({ choice, score: (fit(word, choice.label)?.score ?? -1) + choice.rank * 20, fits: fit(word, choice.label) !== null && choice.label !== word }));
  // Where no word is begun, only what belongs to just this argument is offered.
  const found = fits.filter((each) => each.fits && (word !== '' || each.choice.rank >= 3)).sort((a, b) => b.score - a.score);
  return { word, choices: found.slice(0, MOST).map(({ choice }) => choice) };
}
