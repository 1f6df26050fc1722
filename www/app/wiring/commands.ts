/** Everything that can be done, with its keys: the palette, the list of keys and what a key does come from here. */
import type { Command } from '../interface/palette/keys.ts';
import { commands as t } from '../texts/commands.ts';
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
  const find = (id: keyof typeof t.finds, what: Find, key?: string): Command[] => [
    { id: `find.next.${id}`, title: t.next(t.finds[id]), group: t.groups.time, ...(key ? { keys: [key] } : {}), isEnabled: canRun, run: () => void page.time.find(what, false) },
    { id: `find.previous.${id}`, title: t.previous(t.finds[id]), group: t.groups.time, ...(key ? { keys: [`Shift+${key}`] } : {}), isEnabled: canRun, run: () => void page.time.find(what, true) },
  ];
  return [
    { id: 'time.step', title: t.titles['time.step'], group: t.groups.time, keys: [']', 'Alt+ArrowRight'], isEnabled: hasMore, run: () => page.time.step(1) },
    { id: 'time.back', title: t.titles['time.back'], group: t.groups.time, keys: ['[', 'Alt+ArrowLeft'], isEnabled: hasLess, run: () => page.time.step(-1) },
    { id: 'time.over', title: t.titles['time.over'], group: t.groups.time, keys: ['}', 'Alt+Shift+ArrowRight'], isEnabled: hasMore, run: () => page.time.stepOver() },
    { id: 'time.run', title: t.titles['time.run'], group: t.groups.time, keys: ['Alt+End'], isEnabled: hasMore, run: () => page.time.go(model.length) },
    { id: 'time.start', title: t.titles['time.start'], group: t.groups.time, keys: ['Alt+Home'], isEnabled: hasLess, run: () => page.time.go(0) },
    { id: 'time.play', title: t.titles['time.play'], group: t.groups.time, keys: ['p'], isEnabled: () => hasMore() || page.time.speed > 0, run: () => (page.time.speed > 0 ? page.time.pause() : page.time.play(page.time.playSpeed)) },
    ...find('fault', 'fault', 'n'),
    ...find('refusal', 'refusal', 'e'),
    ...find('signal', 'signal'),
    ...find('difference', 'difference', 'x'),
    ...find('page', 'change of the page', 'c'),
    ...find('entry', 'change of its entry'),
    ...find('area', 'change of the area'),
    { id: 'compare.mark', title: t.titles['compare.mark'], group: t.groups.time, keys: ['m'], isEnabled: canRun, run: () => page.comparing.compare('a') },
    { id: 'compare.show', title: t.titles['compare.show'], group: t.groups.time, isEnabled: () => model.marked !== null, run: () => page.comparing.compare('show') },
    { id: 'time.cancel', title: t.titles['time.cancel'], group: t.groups.time, isEnabled: () => model.doing !== null, run: () => model.cancel() },

    { id: 'text.undo', title: t.titles['text.undo'], group: t.groups.text, keys: ['Mod+z'], isEnabled: () => page.versions.canUndo, run: () => page.versions.undo() },
    { id: 'text.redo', title: t.titles['text.redo'], group: t.groups.text, keys: ['Mod+Shift+z'], isEnabled: () => page.versions.canRedo, run: () => page.versions.redo() },
    { id: 'text.new', title: t.titles['text.new'], group: t.groups.text, run: () => void page.texts.fresh() },
    { id: 'text.open', title: t.titles['text.open'], group: t.groups.text, keys: ['Mod+o'], run: around.open },
    { id: 'text.save', title: t.titles['text.save'], group: t.groups.text, keys: ['Mod+s'], run: around.save },
    { id: 'text.share', title: t.titles['text.share'], group: t.groups.text, run: () => void page.links.share() },
    { id: 'text.find', title: t.titles['text.find'], group: t.groups.text, keys: ['Mod+f'], isElsewhere },

    { id: 'go.console', title: t.titles['go.console'], group: t.groups.go, keys: ['/'], run: () => around.focus('console') },
    { id: 'go.editor', title: t.titles['go.editor'], group: t.groups.go, keys: ['Alt+1'], run: () => around.focus('editor') },
    { id: 'go.memory', title: t.titles['go.memory'], group: t.groups.go, keys: ['Alt+2'], run: () => around.focus('memory') },
    { id: 'go.inspector', title: t.titles['go.inspector'], group: t.groups.go, keys: ['Alt+3'], run: () => around.focus('inspector') },
    { id: 'go.time', title: t.titles['go.time'], group: t.groups.go, keys: ['Alt+4'], run: () => around.focus('time') },
    { id: 'go.address', title: t.titles['go.address'], group: t.groups.go, keys: ['g'], run: () => around.memory('address') },

    { id: 'view.fit', title: t.titles['view.fit'], group: t.groups.memory, keys: ['f'], isElsewhere, run: () => around.memory('fit') },
    { id: 'view.all', title: t.titles['view.all'], group: t.groups.memory, keys: ['0'], isElsewhere, run: () => around.memory('all') },
    { id: 'view.scale', title: t.titles['view.scale'], group: t.groups.memory, keys: ['m'], isElsewhere, run: () => around.memory('scale') },
    { id: 'view.zoom', title: t.titles['view.zoom'], group: t.groups.memory, keys: ['w', 's', '+', '-', 'ArrowUp', 'ArrowDown'], isElsewhere },
    { id: 'view.page', title: t.titles['view.page'], group: t.groups.memory, keys: ['Shift+ArrowRight', 'Shift+ArrowLeft'], isElsewhere },
    { id: 'view.clear', title: t.titles['view.clear'], group: t.groups.memory, keys: ['Escape'], isElsewhere },
    { id: 'view.pan', title: t.titles['view.pan'], group: t.groups.memory, keys: ['a', 'd', 'ArrowLeft', 'ArrowRight'], isElsewhere },
    { id: 'view.windows', title: t.titles['view.windows'], group: t.groups.memory, keys: ['PageUp', 'PageDown', 'Home', 'End'], isElsewhere },
    { id: 'view.card', title: t.titles['view.card'], group: t.groups.memory, keys: ['Enter', ' '], isElsewhere },
    { id: 'view.next', title: t.titles['view.next'], group: t.groups.memory, keys: ['.', ','], isElsewhere },
    { id: 'view.svg', title: t.titles['view.svg'], group: t.groups.memory, run: () => around.picture('svg') },
    { id: 'view.png', title: t.titles['view.png'], group: t.groups.memory, run: () => around.picture('png') },

    ...(['area', 'walk', 'frame', 'bytes', 'tlb', 'cache', 'maps', 'smaps'] as const).map((tab): Command => ({ id: `show.${tab}`, title: t.show(t.tabs[tab]), group: t.groups.show, run: () => page.panels.showTab(tab) })),
    ...(['story', 'ram', 'counters', 'compare', 'verdict', 'branches'] as const).map((dock): Command => ({ id: `show.${dock}`, title: t.show(t.docks[dock]), group: t.groups.show, run: () => page.panels.showDock(dock) })),
    { id: 'page.theme', title: t.titles['page.theme'], group: t.groups.page, run: around.theme },
    { id: 'page.palette', title: t.titles['page.palette'], group: t.groups.page, keys: ['Mod+Shift+p', 'Mod+k'], isHidden: true, isForTyping: true, run: around.palette },
    { id: 'page.keys', title: t.titles['page.keys'], group: t.groups.page, keys: ['?'], run: () => around.help('keys') },
    { id: 'page.words', title: t.titles['page.words'], group: t.groups.page, run: () => around.help('words') },
    { id: 'page.help', title: t.titles['page.help'], group: t.groups.page, run: () => around.help() },
  ];
}
