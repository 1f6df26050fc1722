/** What can be done about an error of a script, as changes of its line. */
import * as EN from '../texts/language-en.ts';

/** As the core tells it. */
export interface ScriptMistake {
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  readonly found: string;
  readonly expected: string;
}

export interface Fix {
  readonly title: string;
  /** How many lines above that of the error: a parenthesis that is not closed is found out on the next line. */
  readonly up: 0 | 1;
  /** Columns from 0, in UTF-16 units of the line. */
  readonly from: number;
  readonly to: number;
  readonly insert: string;
}

const TYPE = String.raw`(?:const|unsigned|signed|static|struct\s+\w+|char|void|int|long|short|size_t|ssize_t|off_t|u?int(?:8|16|32|64|ptr)_t)`;
const DECLARATION = new RegExp(`^(\\s*)((?:${TYPE}\\b[\\s*]*)+)(?=[A-Za-z_$]\\w*\\s*=)`);
const CAST = new RegExp(`\\(\\s*(?:${TYPE}\\b[\\s*]*)+\\)\\s*`, 'g');

/** Nobody has typed a longer line. */
const MOST_LINE = 4000;

/** The unit at which a character stands: the core counts characters. */
const unitOf = (line: string, column: number): number => [...line].slice(0, column - 1).join('').length;

/** The fixes for an error on a line, the most likely first; `above` is the line before it. */
export function fixesFor(mistake: ScriptMistake, line: string, above = '', texts: typeof EN = EN): Fix[] {
  if (line.length > MOST_LINE || above.length > MOST_LINE) return [];
  const fixes = onLine(mistake, line, texts).map((fix): Fix => ({ ...fix, up: 0 }));
  const isStatement = new RegExp(`^\\s*(?:\\[\\w+\\]\\s*)?(?:[\\w$]+\\s*=\\s*)?[a-z_]\\w*\\s*\\(`).test(line);
  if (isStatement && above.includes('(') && /`,` or a closing bracket/.test(mistake.expected) && line.slice(0, mistake.column - 1).trim() === '') {
    const end = above.match(/[\s,]*$/)!.index!;
    return [{ title: texts.EDITOR.closeAbove, up: 1, from: end, to: above.length, insert: ')' }];
  }
  return fixes;
}

function onLine({ column, found, expected }: ScriptMistake, line: string, texts: typeof EN): Omit<Fix, 'up'>[] {
  const say = texts.EDITOR;
  const at = unitOf(line, column);
  const rest = line.slice(at);
  const fixes: Omit<Fix, 'up'>[] = [];
  const near = expected.match(/the nearest is `([\w$]+)/)?.[1] ?? expected.match(/: `([\w$]+)`, perhaps/)?.[1];
  const word = rest.match(/^[\w$]+/)?.[0];
  if (near && word) fixes.push({ title: say.replaceBy(near), from: at, to: at + word.length, insert: near });
  const declaration = line.match(DECLARATION);
  if (declaration) fixes.push({ title: say.dropType, from: declaration[1]!.length, to: declaration[0].length, insert: '' });
  if (/without a cast/.test(expected)) {
    // Of several the one at the error, or the first behind it.
    const casts = [...line.matchAll(CAST)];
    const cast = casts.find(({ index, 0: text }) => index + text.length > at) ?? casts[0];
    if (cast) fixes.push({ title: say.dropCast, from: cast.index, to: cast.index + cast[0].length, insert: '' });
  }
  if (rest.startsWith('//')) fixes.push({ title: say.hashComment, from: at, to: at + 2, insert: '#' });
  const block = line.match(/^(\s*)\/\*\s*(.*?)\s*\*\/\s*;?\s*$/);
  if (block) fixes.push({ title: say.hashComment, from: 0, to: line.length, insert: `${block[1]}# ${block[2]}` });
  if (rest.startsWith(';')) fixes.push({ title: say.dropSemicolon, from: at, to: at + 1, insert: '' });
  const semicolon = line.slice(0, at).match(/;\s*$/);
  if (semicolon && /the end of the line/.test(expected)) fixes.push({ title: say.ownLine, from: semicolon.index!, to: at, insert: '\n' });
  const trailing = line.match(/;(\s*)$/);
  if (trailing && !rest.startsWith(';') && /^\s*[@><]/.test(line)) fixes.push({ title: say.dropSemicolon, from: trailing.index!, to: line.length, insert: '' });
  if (found === 'the end of the line' && /`\)` to close|`,` or a closing bracket|^a value/.test(expected)) {
    // A comma at the end waits for an argument that never came.
    fixes.push({ title: say.closeCall, from: line.match(/[\s,]*$/)!.index!, to: line.length, insert: ')' });
  } else if (/`,` or a closing bracket/.test(expected) && /^[\w$"'{[~-]/.test(rest)) {
    fixes.push({ title: say.putComma, from: line.slice(0, at).trimEnd().length, to: at, insert: ', ' });
  }
  if (/`"` to close the string/.test(expected)) fixes.push({ title: say.closeString, from: line.match(/\)?\s*;?\s*$/)!.index!, to: line.match(/\)?\s*;?\s*$/)!.index!, insert: '"' });
  if (/looks like a command line/.test(expected)) fixes.push({ title: say.asComment, from: 0, to: 0, insert: '# ' });
  if (/whose lines go behind `@map`/.test(expected)) fixes.push({ title: say.asMap, from: 0, to: line.length - line.trimStart().length, insert: '@map ' });
  return fixes;
}
