/** Words of the editor, in English: apart from those of the language, since they are there at the first paint. */

export const EDITOR = {
  label: 'Script',
  loading: 'The editor is loading …',
  placeholder: 'a = mmap(NULL, 64K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)',
  process: 'a process',
  bound: (call: string, line: number) => `the result of ${call}(), line ${line}`,
  given: { si_addr: 'The address that was touched.', si_code: 'Why the access was refused.' } as Readonly<Record<string, string>>,
  handler: 'What the process does about a signal: calls, separated by ;, or default.',
  repeatable: 'repeat(count, stride, "call", address, …)',
  manual: (name: string, section: number) => `${name}(${section})`,
  own: 'no system call: an access, or a command of the script',
  value: (decimal: string, hexadecimal: string) => (decimal === hexadecimal ? decimal : `${hexadecimal} = ${decimal}`),
  replaceBy: (word: string) => `Write ${word}`,
  dropSemicolon: 'Delete the semicolon',
  hashComment: 'Begin the comment with #',
  dropType: 'Drop the type',
  dropCast: 'Drop the cast',
  ownLine: 'Put it on a line of its own',
  closeCall: 'Close the parenthesis',
  asComment: 'Make it a comment',
  asMap: 'Write @map before it',
} as const;
