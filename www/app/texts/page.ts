/** Words of the page itself, in English. */

export const words = {
  newScript: '# A new script. Type a call: completion helps; ? lists the keys.\na = mmap(NULL, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nstore(a, "hello")\n',
  noExample: (id: string) => `There is no example called ${id.slice(0, 40)}.`,
  notKept: {
    full: 'This browser has no room left: the script is not kept here. Save it as a file.',
    long: 'The text is too long to be kept in this browser: save it as a file if you need it again.',
  },
  tooLong: 'The text is too long for a link. Open… → Save as a file keeps it.',
  linkCopied: 'The link is on the clipboard. Everything is in it; nothing was uploaded.',
  linkInBar: 'The link is in the address bar. Everything is in it; nothing was uploaded.',
  noneFound: (what: string, back: boolean) => `There is no ${back ? 'earlier' : 'later'} ${what}.`,
  memory: 'Memory',
  script: 'Script',
  inspector: 'Selected',
  time: 'Time',
  dock: 'What happened',
  docks: { story: 'Story', counters: 'Counters', compare: 'Compare', verdict: 'Verdict', branches: 'Branches' },
  crash: (message: string, position: number) => `The emulator has stopped at step ${position} (${message}). That is a bug of ours; your text is not lost.`,
  recover: 'Restore and go on',
  reproduction: 'Copy what reproduces it',
  skip: 'Skip to the steps',
  details: 'Details',
  privacy: 'Everything runs in your browser; nothing is uploaded. No cookies, no network after loading.',
  dividers: { script: 'Width of the script', inspector: 'Width of the details', story: 'Height of the story', tracks: 'Height of the tracks' },
  failed: (message: string) => `Something went wrong here: ${message}. Your text is kept; if the page does not answer, reload it.`,
} as const;
