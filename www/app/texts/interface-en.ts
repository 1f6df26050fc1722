/** Words of the console, the palette, help and the dialog that opens things, in English. */

export const CONSOLE = {
  label: 'Console',
  input: 'A call to run now, or a question',
  placeholder: 'mprotect(a, 4K, PROT_READ), maps, walk a, help',
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
    ['status', 'status', 'Memory counters of the process.'],
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

export const HELP = {
  title: 'Help',
  close: 'Close',
  tabs: { start: 'Start', keys: 'Keys', syntax: 'Script', calls: 'Calls', constants: 'Constants', logs: 'Your programs' },
  filter: { calls: 'Find a call', constants: 'Find a constant or a flag' },
  none: 'Nothing is called so.',
  value: 'Value',
  noKeys: 'No command has a key.',
  start: [
    'pagefault is Linux\'s memory manager in a browser tab. A script is a text of system calls and accesses as strace prints them; the machine that runs it is emulated down to the bits of its page tables, and behaves as Linux 6.18.',
    'Choose an example or write a line of your own: step runs it, back takes it back. Whatever changed is drawn and told; everything can be chosen and looked into.',
    'Everything runs in your browser. Nothing is uploaded, there are no cookies, and after the page has loaded nothing is fetched.',
  ],
  /** Forms of lines. */
  syntax: [
    ['a = mmap(NULL, 64K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)', 'A call. Its result gets a name, which later lines may use: a+4K.'],
    ['store(a, "hello")', 'An access, as an instruction makes it: load, store, execute, touch_read, touch_write.'],
    ['munmap(a, 4K) = 0', 'With an expected result, which is compared.'],
    ['mmap(NULL, 0, 3, 0x22, -1, 0) = -1 EINVAL', 'An expected error; load(0) = SIGSEGV an expected signal.'],
    ['child = fork()', 'A new process; lines of it begin with its name:'],
    ['[child] store(a, "world")', 'What the child does.'],
    ['on SIGSEGV mprotect(si_addr & -4096, 4K, PROT_READ)', 'What a process does about a signal: calls, separated by ;.'],
    ['repeat(1000, 8K, "mmap", 0x10000000, 4K, 3, 0x32, -1, 0)', 'A call many times, its address moved each time.'],
    ['@ram 64M', 'Settings of the machine stand before the first statement.'],
    ['> minflt 2', 'What must be true after the statement above: faults, maps, smaps, status …'],
    ['# a remark', 'Comments; // is read as well.'],
  ] as readonly (readonly [code: string, sentence: string])[],
  files: 'A file to map',
  filesWords: 'A file that exists from the beginning is a setting; a file in memory is made by a call:',
  filesCode: '@file "/data" size=8K content="hello"\nfd = openat(AT_FDCWD, "/data", O_RDWR)\na = mmap(NULL, 8K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)\n\nm = memfd_create("memory", 0)\nftruncate(m, 8K)\nb = mmap(NULL, 8K, PROT_READ|PROT_WRITE, MAP_SHARED, m, 0)',
  numbers: 'Numbers are decimal, hexadecimal (0x1000) or octal (0644), with K, M, G, T for powers of 1024; flags are joined by |.',
  settings: 'Settings',
} as const;

export const RECIPE = {
  log: 'On a Linux machine, the memory calls of a program:',
  logCommand: 'strace -f -e trace=%memory,%process,openat,close -o log.txt PROGRAM',
  logNote: 'Without -o strace prints on standard error: pasted from the terminal it is read as well.',
  maps: 'The address space of a process that runs; smaps says also what it costs:',
  mapsCommand: 'cat /proc/PID/maps',
  smapsCommand: 'cat /proc/PID/smaps',
  copy: 'Copy',
  copied: 'Copied',
  selected: 'Selected: copy it with Ctrl+C',
} as const;

export const OPEN = {
  title: 'Open',
  intro: 'The output of strace, qemu -strace or perf trace, the text of /proc/PID/maps or smaps, or a script: paste it, or drop files. Everything stays in this browser.',
  text: 'Log, script or maps',
  textPlaceholder: 'mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fc0000',
  maps: 'First /proc/PID/maps of a log, if you have them',
  mapsNote: 'Without them a layout is taken that fits the log\'s addresses.',
  drop: 'Drop files here: a log, its first maps, or all files of one strace -ff together',
  dropNow: 'Let go to open',
  choose: 'Choose files …',
  samples: 'Samples',
  samplesNote: 'recorded on Linux 6.18, one click away',
  recipe: 'How to make one on your own machine',
  new: 'New script',
  own: 'Your own script',
  ownNote: (when: string, lines: number) => `${lines} ${lines === 1 ? 'line' : 'lines'}, ${when}`,
  cancel: 'Cancel',
  open: 'Open',
  empty: 'Paste a text first, or choose a file.',
  reading: 'Reading …',
  tooLarge: (name: string, mib: number) => `${name} has ${mib.toLocaleString('en')} MiB: at most 32 MiB are read. Nothing was changed.`,
  save: 'Save as a file',
  newText: '# A script of your own: calls as strace prints them; names for results\na = mmap(NULL, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nstore(a, "hello")\n',
  today: (time: string) => `today, ${time}`,
} as const;
