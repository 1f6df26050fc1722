/** Why files are not taken, and how several became one text. */

export const incoming = {
  empty: (name: string) => `${name} is empty.`,
  tooLarge: (name: string, mib: number) => `${name} has ${mib} MiB: at most 32 MiB are read.`,
  isNot: (name: string, what: string) => `${name} is ${what}, not text.`,
  noText: (name: string) => `${name} is not text.`,
  unchanged: (why: string) => `${why} Nothing was changed.`,
  what: {
    picture: 'a picture', riff: 'a picture or sound', pdf: 'a PDF', program: 'a program', gzip: 'compressed (gzip -d unpacks it)', zstd: 'compressed (zstd -d unpacks it)', xz: 'compressed (xz -d unpacks it)',
    bzip2: 'compressed (bzip2 -d unpacks it)', archive: 'an archive', perf: 'a recording of perf (perf trace -i prints it)',
  },
  severalMaps: 'A log has first maps of one process: drop it with one file of maps. Nothing was changed.',
  twoDumps: (first: string, second: string) => `${first} is shown; what changed from it to ${second} stands below.`,
  manyDumps: (count: number, first: string) => `${count} dumps as one text: ${first} is drawn.`,
  severalScripts: 'These are several scripts: drop one. Nothing was changed.',
  firstMaps: (name: string) => `The first maps are those of ${name}.`,
  joined: (count: number, isOrdered: boolean) => `${count} files as one log, ${isOrdered ? 'in the order of their times' : 'each behind the call that made its process, since their lines carry no times (strace -ff -tt gives them)'}.`,
} as const;
