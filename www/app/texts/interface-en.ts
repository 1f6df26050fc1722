/** Words of the console and the palette, in English. */

export const CONSOLE = {
  label: 'Console',
  input: 'A call to run now, or a question',
  placeholder: 'munmap(a, 4K), maps, help',
  log: 'Answers',
  run: 'Run',
  clear: 'Clear',
  busy: 'Running …',
  refused: 'Not run',
  /** What it takes besides calls; each with an example. */
  questions: [
    ['maps', 'maps [child]', 'The text of /proc/PID/maps.'],
    ['smaps', 'smaps a', 'What an area costs, as in /proc/PID/smaps.'],
    ['walk', 'walk a+4K', 'The page-table walk of an address.'],
    ['explain', 'explain', 'What the last step did, and why.'],
    ['status', 'status', 'Memory counters of the process, as in /proc/PID/status.'],
    ['meminfo', 'meminfo', 'Memory of the whole machine, as in /proc/meminfo.'],
    ['frames', 'frames', 'How many frames are free, in blocks of which sizes.'],
    ['tlb', 'tlb', 'What the TLB remembers.'],
    ['help', 'help mmap', 'What can be typed here, or what a call does.'],
  ] as readonly (readonly [name: string, example: string, sentence: string])[],
  help: 'Any call of the script language runs at this point and is written into the script. Questions are answered here and change nothing:',
  helpUnknown: (word: string) => `Nothing is known of ${word}.`,
  completions: 'Completions',
} as const;

export const PALETTE = {
  title: 'Commands',
  input: 'Find a command',
  nothing: 'No command is called so.',
  count: (count: number) => (count === 1 ? '1 command' : `${count} commands`),
  disabled: 'not possible now',
} as const;
