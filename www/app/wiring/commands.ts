/** Everything that can be done, with its keys: the palette, the list of keys and what a key does come from here. */
import type { Command } from '../interface/palette/keys.ts';
import type { Find } from '../worker/protocol.ts';
import type { Page } from './page.ts';

/** What commands do outside of the page's own state. */
export interface Surroundings {
  readonly focus: (what: 'editor' | 'console' | 'memory' | 'time' | 'inspector') => void;
  readonly open: () => void;
  readonly palette: () => void;
  readonly help: (part?: 'keys' | 'words') => void;
  readonly theme: () => void;
  readonly save: () => void;
  readonly memory: (what: 'fit' | 'all' | 'address' | 'scale') => void;
  readonly picture: (of: 'svg' | 'png') => void;
}

const isElsewhere = true;

export function commandsOf(page: Page, around: Surroundings): Command[] {
  const { model } = page;
  const canRun = () => model.canRun;
  const hasMore = () => canRun() && model.position < model.length;
  const hasLess = () => canRun() && model.position > 0;
  const find = (id: string, title: string, what: Find, key?: string): Command[] => [
    { id: `find.next.${id}`, title: `Next ${title}`, group: 'Time', ...(key ? { keys: [key] } : {}), isEnabled: canRun, run: () => void page.time.find(what, false) },
    { id: `find.previous.${id}`, title: `Previous ${title}`, group: 'Time', ...(key ? { keys: [`Shift+${key}`] } : {}), isEnabled: canRun, run: () => void page.time.find(what, true) },
  ];
  return [
    { id: 'time.step', title: 'Step', group: 'Time', keys: [']', 'Alt+ArrowRight'], isEnabled: hasMore, run: () => page.time.step(1) },
    { id: 'time.back', title: 'Step back', group: 'Time', keys: ['[', 'Alt+ArrowLeft'], isEnabled: hasLess, run: () => page.time.step(-1) },
    { id: 'time.over', title: 'Step over: to the next statement of this process', group: 'Time', keys: ['}', 'Alt+Shift+ArrowRight'], isEnabled: hasMore, run: () => page.time.stepOver() },
    { id: 'time.run', title: 'Run to the end', group: 'Time', keys: ['Alt+End'], isEnabled: hasMore, run: () => page.time.go(model.length) },
    { id: 'time.start', title: 'To the start', group: 'Time', keys: ['Alt+Home'], isEnabled: hasLess, run: () => page.time.go(0) },
    { id: 'time.play', title: 'Play and pause', group: 'Time', keys: ['p'], isEnabled: () => hasMore() || page.time.speed > 0, run: () => (page.time.speed > 0 ? page.time.pause() : page.time.play(page.time.playSpeed)) },
    ...find('fault', 'page fault', 'fault', 'n'),
    ...find('refusal', 'refused call', 'refusal', 'e'),
    ...find('signal', 'signal', 'signal'),
    ...find('difference', 'difference from what is expected', 'difference', 'x'),
    ...find('page', 'change of the selected page', 'change of the page', 'c'),
    ...find('entry', 'change of the entry of the selected page', 'change of its entry'),
    ...find('area', 'change of the selected area', 'change of the area'),
    { id: 'compare.mark', title: 'Mark this moment, to compare with (outside of the memory)', group: 'Time', keys: ['m'], isEnabled: canRun, run: () => page.comparing.compare('a') },
    { id: 'compare.show', title: 'What changed since the marked moment', group: 'Time', isEnabled: () => model.marked !== null, run: () => page.comparing.compare('show') },
    { id: 'time.cancel', title: 'Stop what is running', group: 'Time', isEnabled: () => model.doing !== null, run: () => model.cancel() },

    { id: 'text.undo', title: 'Undo the last change of the text', group: 'Text', keys: ['Mod+z'], isEnabled: () => page.versions.canUndo, run: () => page.versions.undo() },
    { id: 'text.redo', title: 'Redo', group: 'Text', keys: ['Mod+Shift+z'], isEnabled: () => page.versions.canRedo, run: () => page.versions.redo() },
    { id: 'text.new', title: 'New script', group: 'Text', run: () => void page.texts.fresh() },
    { id: 'text.open', title: 'Open a log, maps or a script …', group: 'Text', keys: ['Mod+o'], run: around.open },
    { id: 'text.save', title: 'Save the text as a file', group: 'Text', keys: ['Mod+s'], run: around.save },
    { id: 'text.share', title: 'Share: everything in a link', group: 'Text', run: () => void page.links.share() },
    { id: 'text.find', title: 'Search in the text', group: 'Text', keys: ['Mod+f'], isElsewhere },

    { id: 'go.console', title: 'Type a call (in the memory: go to an address)', group: 'Go to', keys: ['/'], run: () => around.focus('console') },
    { id: 'go.editor', title: 'To the script', group: 'Go to', keys: ['Alt+1'], run: () => around.focus('editor') },
    { id: 'go.memory', title: 'To the memory', group: 'Go to', keys: ['Alt+2'], run: () => around.focus('memory') },
    { id: 'go.inspector', title: 'To the details', group: 'Go to', keys: ['Alt+3'], run: () => around.focus('inspector') },
    { id: 'go.time', title: 'To the slider', group: 'Go to', keys: ['Alt+4'], run: () => around.focus('time') },
    { id: 'go.address', title: 'Go to an address or a name …', group: 'Go to', keys: ['g'], run: () => around.memory('address') },

    { id: 'view.fit', title: 'Fit what is selected', group: 'Memory', keys: ['f'], isElsewhere, run: () => around.memory('fit') },
    { id: 'view.all', title: 'The whole address space', group: 'Memory', keys: ['0'], isElsewhere, run: () => around.memory('all') },
    { id: 'view.scale', title: 'True scale on and off (in the memory)', group: 'Memory', keys: ['m'], isElsewhere, run: () => around.memory('scale') },
    { id: 'view.zoom', title: 'Zoom in and out (in the memory)', group: 'Memory', keys: ['w', 's', '+', '-'], isElsewhere },
    { id: 'view.page', title: 'Next and previous page (in the memory)', group: 'Memory', keys: ['Shift+ArrowRight', 'Shift+ArrowLeft'], isElsewhere },
    { id: 'view.clear', title: 'Put away the card and the marked range', group: 'Memory', keys: ['Escape'], isElsewhere },
    { id: 'view.pan', title: 'Move (in the memory)', group: 'Memory', keys: ['a', 'd'], isElsewhere },
    { id: 'view.next', title: 'Next and previous area (in the memory)', group: 'Memory', keys: ['.', ','], isElsewhere },
    { id: 'view.svg', title: 'Save the picture of the memory as SVG', group: 'Memory', run: () => around.picture('svg') },
    { id: 'view.png', title: 'Save the picture of the memory as PNG', group: 'Memory', run: () => around.picture('png') },

    ...(['area', 'walk', 'frame', 'bytes', 'tlb', 'cache', 'maps', 'smaps'] as const).map((tab): Command => ({ id: `show.${tab}`, title: `Show ${TAB_TITLES[tab]}`, group: 'Show', run: () => page.panels.showTab(tab) })),
    ...(['story', 'ram', 'counters', 'compare', 'verdict', 'branches'] as const).map((dock): Command => ({ id: `show.${dock}`, title: `Show ${DOCK_TITLES[dock]}`, group: 'Show', run: () => page.panels.showDock(dock) })),
    { id: 'page.theme', title: 'Light or dark', group: 'Page', run: around.theme },
    { id: 'page.palette', title: 'All commands', group: 'Page', keys: ['Mod+Shift+p', 'Mod+k'], isHidden: true, isForTyping: true, run: around.palette },
    { id: 'page.keys', title: 'Keys', group: 'Page', keys: ['?'], run: () => around.help('keys') },
    { id: 'page.words', title: 'What the words mean: VMA, rss, PTE, TLB …', group: 'Page', run: () => around.help('words') },
    { id: 'page.help', title: 'Help', group: 'Page', run: () => around.help() },
  ];
}

const TAB_TITLES = {
  area: 'the selected area', walk: 'the page walk', frame: 'the frame', bytes: 'the bytes of the page', tlb: 'the TLB', cache: 'the page cache', maps: '/proc/PID/maps', smaps: '/proc/PID/smaps',
} as const;
const DOCK_TITLES = { story: 'what happened', ram: 'physical memory', counters: 'counters over time', compare: 'what changed between two moments', verdict: 'how it compares with Linux', branches: 'the branches of the text' } as const;
