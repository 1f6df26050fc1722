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
  /** Columns from 0, in UTF-16 units of the line. */
  readonly from: number;
  readonly to: number;
  readonly insert: string;
}

const TYPE = String.raw`(?:const|unsigned|signed|static|struct\s+\w+|char|void|int|long|short|size_t|ssize_t|off_t|u?int(?:8|16|32|64|ptr)_t)`;
const DECLARATION = new RegExp(`^(\\s*)((?:${TYPE}\\b[\\s*]*)+)(?=[A-Za-z_$]\\w*\\s*=)`);
const CAST = new RegExp(`\\(\\s*(?:${TYPE}\\b[\\s*]*)+\\)\\s*`, 'g');

/** The unit at which a character stands: the core counts characters. */
const unitOf = (line: string, column: number): number => [...line].slice(0, column - 1).join('').length;

/** The fixes for an error on a line, the most likely first. */
export function fixesFor({ column, found, expected }: ScriptMistake, line: string, texts: typeof EN = EN): Fix[] {
  const say = texts.EDITOR;
  const at = unitOf(line, column);
  const rest = line.slice(at);
  const fixes: Fix[] = [];
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
  if (/`\)` to close|`,` or a closing bracket/.test(expected) && found === 'the end of the line') fixes.push({ title: say.closeCall, from: line.trimEnd().length, to: line.length, insert: ')' });
  if (/looks like a command line/.test(expected)) fixes.push({ title: say.asComment, from: 0, to: 0, insert: '# ' });
  if (/whose lines go behind `@map`/.test(expected)) fixes.push({ title: say.asMap, from: 0, to: line.length - line.trimStart().length, insert: '@map ' });
  return fixes;
}
