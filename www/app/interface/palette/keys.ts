/** Commands of the page and their keys: the palette, the list on `?` and what a key does come from one table. */

export interface Command {
  /** Does not change: links and embedding pages may use it. */
  readonly id: string;
  readonly title: string;
  /** Under what it stands in lists. */
  readonly group?: string;
  /** `Mod+Shift+P`, `?`, `ArrowRight`, `Alt+ArrowLeft`. Mod is ⌘ on Apple's machines and Ctrl on others. */
  readonly keys?: readonly string[];
  /** Whether its keys without Ctrl, ⌘ and Alt work while one types, too. */
  readonly isForTyping?: boolean;
  /** Keys are told, but somebody else listens to them (a view that has the focus). */
  readonly isElsewhere?: boolean;
  /** Not in the palette: it makes sense by its key only. */
  readonly isHidden?: boolean;
  readonly isEnabled?: () => boolean;
  readonly run?: () => void;
}

export const isApple = (): boolean => /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? '');

interface Stroke {
  readonly key: string;
  readonly ctrl: boolean;
  readonly meta: boolean;
  readonly alt: boolean;
  readonly shift: boolean;
}

function strokeOf(keys: string, apple: boolean): Stroke {
  // The plus key itself stands last.
  const parts = keys.endsWith('++') ? [...keys.slice(0, -2).split('+'), '+'] : keys === '+' ? ['+'] : keys.split('+');
  const has = (name: string) => parts.slice(0, -1).includes(name);
  return { key: parts.at(-1)!, ctrl: has('Ctrl') || (has('Mod') && !apple), meta: has('Meta') || (has('Mod') && apple), alt: has('Alt'), shift: has('Shift') };
}

type Pressed = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;

/** Whether a key was pressed. Signs are known by themselves, wherever a layout has them: with Shift, AltGr or Option. */
export function isPressed(keys: string, event: Pressed, apple = isApple()): boolean {
  const stroke = strokeOf(keys, apple);
  const isLetter = /^[a-z0-9]$/i.test(stroke.key);
  const isSign = stroke.key.length === 1 && !isLetter;
  if (isSign && event.key === stroke.key) {
    if (!stroke.ctrl && !stroke.meta && !stroke.alt) {
      // AltGr is Ctrl and Alt on some systems, Option is Alt on others.
      return !event.metaKey && event.ctrlKey === event.altKey || (apple && event.altKey && !event.ctrlKey && !event.metaKey);
    }
    return event.ctrlKey === stroke.ctrl && event.metaKey === stroke.meta && event.altKey === stroke.alt;
  }
  const code = /^[a-z]$/i.test(stroke.key) ? `Key${stroke.key.toUpperCase()}` : /^\d$/.test(stroke.key) ? `Digit${stroke.key}` : '';
  // Layouts without Latin letters are known by the place of the key.
  const isKey = event.key.toLowerCase() === stroke.key.toLowerCase() || (isLetter && !/^[a-z0-9]$/i.test(event.key) && event.code === code);
  return isKey && event.ctrlKey === stroke.ctrl && event.metaKey === stroke.meta && event.altKey === stroke.alt && event.shiftKey === stroke.shift;
}

/** What a place does with keys itself: it takes what is typed, or is a menu, in which they choose. `characters`: keys of one character are no commands anywhere. */
export type Taking = 'text' | 'choice' | 'characters' | null;

export function takingOf(target: EventTarget | null): Taking {
  if (!(target instanceof HTMLElement)) return null;
  if (target.matches('select')) return 'choice';
  return target.matches('input:not([type=range], [type=checkbox], [type=radio], [type=button]), textarea, [contenteditable=true], [contenteditable=true] *') ? 'text' : null;
}

/** Whether a menu chooses, opens or closes by a key: letters and digits look for what begins with them. Signs, and other keys with Alt, are nothing to it. */
function isOfMenu({ key, ctrlKey, metaKey, altKey }: Pressed): boolean {
  if (ctrlKey || metaKey) return false;
  return altKey ? key === 'ArrowUp' || key === 'ArrowDown' : key.length > 1 || /[\p{L}\p{N} ]/u.test(key);
}

/** Whether keys write one character, without Ctrl, ⌘ or Alt: who speaks to the machine, or touches keys without meaning to, can turn those off. */
export function isSingle(keys: string): boolean {
  const { key, ctrl, meta, alt } = strokeOf(keys, false);
  return key.length === 1 && !ctrl && !meta && !alt;
}

/** Keys of one character that are commands anywhere on the page. */
export const singleKeys = (commands: readonly Command[]): string[] => commands.filter(({ run, isElsewhere }) => run && !isElsewhere).flatMap(({ keys = [] }) => keys.filter(isSingle));

/** The command of a key; null if there is none that may run now. */
export function commandFor(event: Pressed, commands: readonly Command[], taking: Taking, apple = isApple()): Command | null {
  if (taking === 'choice' && isOfMenu(event)) return null;
  const has = (command: Command) => command.keys?.some((keys) => {
    const { ctrl, meta, alt } = strokeOf(keys, apple);
    return isPressed(keys, event, apple) && (taking !== 'characters' || !isSingle(keys)) && (taking !== 'text' || command.isForTyping || ((ctrl || meta || alt) && strokeOf(keys, apple).key.length === 1));
  });
  return commands.find((command) => command.run && !command.isElsewhere && (command.isEnabled?.() ?? true) && has(command)) ?? null;
}

const NAMES: Readonly<Record<string, string>> = {
  ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', Escape: 'Esc', Delete: 'Del', PageUp: 'Page ↑', PageDown: 'Page ↓', ' ': 'Space', Enter: 'Enter',
};

/** The parts of a key as they stand on keyboards: `['Ctrl', 'Shift', 'P']`, `['⌘', '⇧', 'P']`. */
export function shownKeys(keys: string, apple = isApple()): string[] {
  const { key, ctrl, meta, alt, shift } = strokeOf(keys, apple);
  const parts = apple ? [[ctrl, '⌃'], [alt, '⌥'], [shift, '⇧'], [meta, '⌘']] : [[ctrl, 'Ctrl'], [meta, 'Meta'], [alt, 'Alt'], [shift, 'Shift']];
  return [...parts.filter(([is]) => is).map(([, name]) => String(name)), NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key)];
}

/** Keys for aria-keyshortcuts. */
export const ariaKeys = (keys: string, apple = isApple()): string => keys.replace('Mod', apple ? 'Meta' : 'Control').replace('Ctrl', 'Control').replace(/(^|\+) $/, '$1Space');

/** The commands with keys, by group, in the order of the table. */
export function keyList(commands: readonly Command[]): { readonly group: string; readonly commands: readonly Command[] }[] {
  const groups = new Map<string, Command[]>();
  for (const command of commands) {
    if (!command.keys?.length) continue;
    const group = command.group ?? '';
    groups.set(group, [...(groups.get(group) ?? []), command]);
  }
  return [...groups].map(([group, members]) => ({ group, commands: members }));
}
