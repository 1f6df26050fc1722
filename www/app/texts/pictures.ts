/** Words in and around the pictures of memory. Another language is another object of this shape. */

const of = (count: number, one: string, many = `${one}s`) => (count === 1 ? one : many);

export const pictures = {
  anonymous: 'anonymous',
  sharedAnonymous: 'shared anonymous',
  anonymousMemory: 'anonymous memory',
  pages: (count: string, isOne: boolean) => `${count} ${isOne ? 'page' : 'pages'}`,
  notMapped: (size: string) => `${size} not mapped`,
  nothingMapped: (addr: string) => `${addr}: nothing is mapped here`,
  range: (from: string, to: string) => `${from} to ${to}`,

  /** Kinds of pages and frames, by what the legend calls them. */
  kinds: {
    absent: 'not present', zero: 'the page of zeros', anon: 'private, its own', cow: 'shared until written', file: 'page of a file', shmem: 'shared memory', guard: 'guard', marker: 'marker in the entry',
    swapped: 'swapped out', special: 'page of the kernel', huge: 'part of a huge page', lone: 'own again, still read-only', free: 'free', table: 'page table', kernel: 'frame of the kernel',
  },
  bits: { dirty: 'dirty', accessed: 'accessed', writable: 'writable', locked: 'locked' },
  changes: { new: 'new since A', gone: 'gone since A', changed: 'other than at A' },
  gone: { one: (size: string, name: string) => `${size} of ${name} gone`, several: (count: number, size: string) => `${count} areas gone, ${size}` },

  legend: { label: 'Legend: choose kinds to fade the others', all: 'Show all', touched: 'touched', selected: 'selected' },

  card: {
    touchIsSegv: 'A touch here is SIGSEGV.',
    assumed: 'Assumed: the log does not show it being mapped.',
    fold: 'Click to fold the parts of this file', unfold: 'Click to show the parts of this file',
    entries: (size: string, present: string, pages: string, isOne: boolean) => `${size}, ${present} of ${pages} ${isOne ? 'entry' : 'entries'} set`,
    page: (addr: string) => `page ${addr}`,
    frame: (pfn: number) => `frame ${pfn}`,
    heat: (count: number, kind: string) => `${count} ${kind}`,
    begins: (text: string) => `begins "${text}"`,
  },

  space: {
    role: 'map of memory', label: 'Address spaces', none: 'No process',
    keys: 'W S or up and down zoom, A D or left and right move, full stop and comma the next and previous area, with Shift pages, F fits what is selected, 0 all, G goes to an address or name, M on or off for true scale, Escape clears.',
    title: (pid: number, name: string, parent: number | null) => `${pid} · ${name}${parent === null ? '' : ` · child of ${parent}`}`,
    areas: (title: string, count: number) => `${title}: ${count} areas`,
    ended: (pid: number, name: string, how: string) => `${pid} · ${name}: ${how}; everything it had went back`,
    endedMore: (text: string, rest: number) => `${text} · and ${rest} more that ended`,
    notes: { minor: (count: string) => `${count} minor`, major: (count: string) => `${count} major`, rss: (size: string) => `rss ${size}`, pss: (size: string) => `pss ${size}`, areas: (count: string, n: number) => `${count} ${of(n, 'area')}`, faults: (words: string, n: number) => `${words} ${of(n, 'fault')}` },
    heads: { address: 'address', area: 'area', pages: 'pages, low to high', pagesShort: 'pages', heat: (kind: string) => `${kind} of pages`, size: 'size', ram: 'in RAM' },
    parts: (count: number) => `${count} parts`,
    inRam: (size: string) => `${size} in RAM`, allInRam: 'all in RAM', nothingInRam: 'nothing in RAM',
    someInRam: (held: string, pages: string) => `${held} of ${pages} in RAM`, someSet: (held: string, pages: string) => `${held} of ${pages} entries set`,
    rangeFrom: (size: string, from: string) => `${size} from ${from}`,
    notLooked: 'not looked at yet',
    invented: 'what stands in the file is not known: a filler',
  },

  bar: {
    where: 'Where the picture is', how: 'How the picture is drawn', all: 'All areas', page: (addr: string) => `page ${addr}`,
    zoomOut: 'Zoom out', zoomOutKey: 'Zoom out (−)', zoomIn: 'Zoom in', zoomInKey: 'Zoom in (+)',
    fit: 'Fit', fitWords: 'What suits (double-click beside areas)', scale: 'True scale', scaleWords: 'Gaps as large as they are (M)',
    direction: (isLow: boolean) => (isLow ? 'Low first' : 'High first'), directionWords: 'Which addresses are at the top',
    addresses: (isHex: boolean) => (isHex ? 'Hex' : 'Decimal'), addressesWords: 'Addresses hexadecimal or decimal',
    sizes: (isBytes: boolean) => (isBytes ? 'Bytes' : 'Pages'), sizesWords: 'Sizes in bytes or pages',
    table: 'Table', tableWords: 'The same as a table',
    others: 'Other processes', moreOthers: (count: number) => `${count} more ${of(count, 'process', 'processes')}`,
    heat: 'Heat', noHeat: 'No heat', heatOf: (kind: string) => `Heat: ${kind}`,
  },

  goTo: { label: 'Address or name', go: 'Go', neither: (text: string) => `Neither an address nor the name of an area: ${text}` },

  table: { label: (pid: number) => `Areas of process ${pid}`, areasOf: (name: string) => `Areas of ${name}`, columns: ['address', 'area', 'rights', 'size', 'in RAM', 'flags'] },

  minimap: {
    label: 'Where in the space the window is',
    folded: (size: string, isPale: boolean) => `${size}, gaps folded${isPale ? ' · hollow: nothing in RAM' : ''}`,
    whole: (areas: number, from: string, to: string) => `The whole space: ${areas} areas; in the window ${from} to ${to}`,
  },

  ram: {
    role: 'map of frames', label: 'Physical memory', title: 'RAM', zoomOut: 'Zoom out frames', zoomIn: 'Zoom in frames',
    used: (held: string, total: string) => [`${held} of ${total} frames used`, `${held} frames used`, `${held} used`],
    more: (count: string) => `↓ ${count} more`,
    blocks: (isWide: boolean) => (isWide ? 'free blocks by order' : 'free blocks'),
    block: (order: number, count: string, n: number, size: string) => `order ${order}: ${count} free ${of(n, 'block')} of ${size}`,
    frame: (pfn: number, what: string) => `frame ${pfn}: ${what}`,
    whole: (held: number, total: number, first: number, last: number) => `Physical memory: ${held} of ${total} frames used; frames ${first} to ${last} in the window`,
  },
} as const;
