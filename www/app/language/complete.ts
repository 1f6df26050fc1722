/** What can be completed at a place: the same for the editor and the console. */
import * as EN from '../texts/language-en.ts';
import { groupsOf, isAddress, isDescriptor } from './arguments.ts';
import { type Bound, type Context, isProcess } from './context.ts';
import { CALLS, CONSTANTS, SETTINGS, callOf, signature } from './table.ts';

export interface Choice {
  readonly label: string;
  /** Beside it: parameters, a value. */
  readonly detail: string;
  /** A sentence. */
  readonly info: string;
  readonly type: 'call' | 'constant' | 'name' | 'process' | 'setting' | 'word';
  /** What is put in for the word. */
  readonly insert: string;
  /** Where the cursor stands then, in what was put in. */
  readonly caret: number;
  /** Choices for exactly this place come before others. */
  readonly rank: number;
}

type Texts = typeof EN;

const choice = (label: string, type: Choice['type'], detail: string, info: string, rank: number, insert = label, caret = insert.length): Choice =>
  ({ label, type, detail, info, insert, caret, rank });

const callChoices = (texts: Texts): Choice[] => [
  ...CALLS.map((call) => {
    const parameters = signature(call).slice(call.name.length);
    const insert = `${call.name}()`;
    return choice(call.name, 'call', parameters, texts.CALLS[call.name] ?? '', 0, insert, call.parameters.length === 0 ? insert.length : insert.length - 1);
  }),
  choice('on', 'word', 'SIGSEGV call(…); …', texts.EDITOR.handler, 0, 'on SIGSEGV '),
];

function constantChoices(groups: readonly string[], rank: number, texts: Texts): Choice[] {
  const members = groups.flatMap((group) => CONSTANTS.filter((constant) => constant.group === group));
  return members.map(({ name, value, group }) => choice(name, 'constant', value, texts.CONSTANTS[name] ?? texts.GROUPS[group] ?? '', rank));
}

const nameChoices = (bound: readonly Bound[], rank: number, texts: Texts): Choice[] =>
  bound.map(({ name, call, line }) => choice(name, 'name', '', texts.EDITOR.bound(call, line), rank));

function argumentChoices(context: Extract<Context, { kind: 'argument' }>, bound: readonly Bound[], texts: Texts): Choice[] {
  const { call, index, given, isNested, word } = context;
  const parameter = callOf(call)?.parameters[index] ?? '';
  const groups = isNested ? [] : groupsOf(call, parameter);
  const used = new Set(given.slice(0, given.length - word.length).match(/[A-Z][A-Z0-9_]+/g));
  const own = constantChoices(groups, 3, texts).filter(({ label }) => !used.has(label));
  const special = [
    ...(isAddress(parameter) && given === word ? [choice('NULL', 'constant', '0x0', texts.CONSTANTS['NULL']!, 2)] : []),
    ...(isDescriptor(parameter) && given === word ? [choice('-1', 'word', '', '', 1)] : []),
  ];
  const handled = ['si_addr', 'si_code'].map((name) => choice(name, 'name', '', texts.EDITOR.given[name]!, -1));
  const names = nameChoices(bound, groups.length > 0 ? 0 : 2, texts);
  // Everything else is offered to who begins to type it.
  const seen = new Set([...own, ...special].map(({ label }) => label));
  const rest = word === '' ? [] : constantChoices([...new Set(CONSTANTS.map(({ group }) => group))], -2, texts).filter(({ label }) => !seen.has(label) && !used.has(label));
  return [...own, ...special, ...names, ...(word === '' ? [] : handled), ...rest];
}

/** The choices for a place, not yet filtered by the word that stands there. */
export function choicesFor(context: Context, bound: readonly Bound[], texts: Texts = EN): Choice[] {
  switch (context.kind) {
    case 'call':
      return callChoices(texts);
    case 'argument':
      return argumentChoices(context, bound, texts);
    case 'setting':
      return SETTINGS.map(({ name }) => choice(`@${name}`, 'setting', texts.SETTINGS[name]?.[0].slice(name.length + 2) ?? '', texts.SETTINGS[name]?.[1] ?? '', 0, `@${name} `));
    case 'key':
      return SETTINGS.find(({ name }) => name === context.setting)?.keys.map((key) => choice(key, 'setting', '', '', 0, `${key} `)) ?? [];
    case 'process':
      return bound.filter(isProcess).map(({ name, call, line }) => choice(name, 'process', texts.EDITOR.process, texts.EDITOR.bound(call, line), 0, `${name}] `));
    case 'signal':
      return ['SIGSEGV', 'SIGBUS'].map((name) => choice(name, 'constant', '', '', 0, `${name} `));
  }
}
