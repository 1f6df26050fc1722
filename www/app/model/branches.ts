/**
 * Branches of a text: an edit at a moment that has steps behind it starts a branch there, an edit at the end goes on in
 * the same one. A text is kept as what differs from the one it was made of. Plain data, no DOM; nothing is changed in place.
 */

/** A text as its parent's with one part replaced. */
interface Version {
  /** Index of the version that it is made of; null: all of it is in `insert`. */
  readonly of: number | null;
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

export interface Branch {
  readonly id: number;
  readonly parent: number | null;
  /** The step of the parent behind which it goes its own way. */
  readonly from: number;
  readonly name: string;
  /** Versions of its text, the oldest first, and which of them is shown. */
  readonly versions: readonly number[];
  readonly shown: number;
  /** Where the session stood when it was left. */
  readonly position: number;
}

export interface Branches {
  readonly versions: readonly Version[];
  readonly branches: readonly Branch[];
  readonly current: number;
  /** Branches that were left by undoing their first edit, the last one last. */
  readonly undone?: readonly number[];
}

/** A tree of one branch. */
export function plant(text: string, name: string): Branches {
  return { versions: [{ of: null, at: 0, remove: 0, insert: text }], branches: [{ id: 0, parent: null, from: 0, name, versions: [0], shown: 0, position: 0 }], current: 0 };
}

export function branch({ branches, current }: Branches, id = current): Branch {
  const found = branches.find((one) => one.id === id);
  if (!found) throw new RangeError(`there is no branch ${id}`);
  return found;
}

function versionText(versions: readonly Version[], index: number): string {
  const chain: Version[] = [];
  for (let at: number | null = index; at !== null; at = versions[at]!.of) chain.push(versions[at]!);
  return chain.reverse().reduce((text, { at, remove, insert }) => text.slice(0, at) + insert + text.slice(at + remove), '');
}

/** The text that a branch shows. */
export function textOf(tree: Branches, id = tree.current): string {
  const { versions, shown } = branch(tree, id);
  return versionText(tree.versions, versions[shown]!);
}

/** The one part in which a text differs from another. */
function difference(from: string, to: string): Omit<Version, 'of'> {
  const shorter = Math.min(from.length, to.length);
  let head = 0;
  while (head < shorter && from.charCodeAt(head) === to.charCodeAt(head)) head++;
  let tail = 0;
  while (tail < shorter - head && from.charCodeAt(from.length - 1 - tail) === to.charCodeAt(to.length - 1 - tail)) tail++;
  return { at: head, remove: from.length - head - tail, insert: to.slice(head, to.length - tail) };
}

const put = (tree: Branches, changed: Branch): Branch[] => tree.branches.map((one) => (one.id === changed.id ? changed : one));

export interface Edit {
  readonly text: string;
  /** Steps run when it was made. */
  readonly position: number;
  /** Whether steps behind the position have been run: then going on otherwise is another branch. */
  readonly hasFuture: boolean;
  /** What a new branch is called. */
  readonly name: string;
}

/** The tree after an edit. */
export function edit(tree: Branches, { text, position, hasFuture, name }: Edit): Branches {
  const now = branch(tree);
  const before = textOf(tree);
  if (before === text) return tree;
  const of = now.versions[now.shown]!;
  const versions = [...tree.versions, { of, ...difference(before, text) }];
  const made = versions.length - 1;
  if (!hasFuture) {
    // What had been undone is left behind, as in every editor.
    const kept = now.versions.slice(0, now.shown + 1);
    return { versions, current: tree.current, branches: put(tree, { ...now, versions: [...kept, made], shown: kept.length, position }) };
  }
  const id = Math.max(...tree.branches.map((one) => one.id)) + 1;
  const left = put(tree, { ...now, position });
  return { versions, branches: [...left, { id, parent: now.id, from: position, name, versions: [made], shown: 0, position }], current: id };
}

/** Goes to a branch; where the one that is left stood is kept. */
export function go(tree: Branches, id: number, position: number): Branches {
  branch(tree, id);
  return { versions: tree.versions, branches: put(tree, { ...branch(tree), position }), current: id };
}

const shift = (tree: Branches, by: -1 | 1): Branches => {
  const now = branch(tree);
  const shown = now.shown + by;
  return shown < 0 || shown >= now.versions.length ? tree : { ...tree, branches: put(tree, { ...now, shown }) };
};

/** The text before the last edit; behind the first one of a branch, the branch that it came from. */
export function undo(tree: Branches): Branches {
  const now = branch(tree);
  if (now.shown > 0) return shift(tree, -1);
  return now.parent === null ? tree : { ...tree, current: now.parent, undone: [...(tree.undone ?? []), now.id] };
}

/** The branch whose first edit was undone last, from where it was undone. */
const undoneOf = (tree: Branches): Branch | undefined => tree.branches.find(({ id, parent }) => id === tree.undone?.at(-1) && parent === tree.current);

export function redo(tree: Branches): Branches {
  const further = shift(tree, 1);
  const undone = undoneOf(tree);
  return further !== tree || !undone ? further : { ...tree, current: undone.id, undone: tree.undone!.slice(0, -1) };
}

export const canUndo = (tree: Branches): boolean => branch(tree).shown > 0 || branch(tree).parent !== null;
export const canRedo = (tree: Branches): boolean => branch(tree).shown < branch(tree).versions.length - 1 || undoneOf(tree) !== undefined;

export const rename = (tree: Branches, id: number, name: string): Branches => ({ ...tree, branches: put(tree, { ...branch(tree, id), name }) });

/** Without a branch and those that came from it; the one it came from is shown if it was the current one. The first one stays. */
export function remove(tree: Branches, id: number): Branches {
  const gone = branch(tree, id);
  if (gone.parent === null) return tree;
  const ids = new Set([id]);
  for (const one of tree.branches) if (one.parent !== null && ids.has(one.parent)) ids.add(one.id);
  return { ...tree, branches: tree.branches.filter((one) => !ids.has(one.id)), current: ids.has(tree.current) ? gone.parent : tree.current };
}

/** A tree that was kept as JSON; null if it is none, or if it does not show this text. */
export function revive(kept: unknown, text: string): Branches | null {
  try {
    const { versions, branches, current, undone } = kept as Branches;
    const isIndex = (value: unknown, below: number) => Number.isInteger(value) && Number(value) >= 0 && Number(value) < below;
    const isVersion = ({ of, at, remove: removed, insert }: Version, i: number) => (of === null ? true : isIndex(of, i)) && isIndex(at, Infinity) && isIndex(removed, Infinity) && typeof insert === 'string';
    const isBranch = ({ id, parent, from, name, versions: own, shown, position }: Branch, i: number) =>
      (i === 0 ? parent === null : branches.slice(0, i).some((one) => one.id === parent)) && isIndex(id, Infinity) && typeof name === 'string' && isIndex(from, Infinity) &&
      isIndex(position, Infinity) && own.every((version) => isIndex(version, versions.length)) && isIndex(shown, own.length);
    if (!versions.every(isVersion) || !branches.every(isBranch) || new Set(branches.map(({ id }) => id)).size !== branches.length) return null;
    if (undone && !undone.every((id) => isIndex(id, Infinity))) return null;
    const tree: Branches = { versions, branches, current, ...(undone && { undone }) };
    return textOf(tree) === text ? tree : null;
  } catch {
    // It is of another shape: kept by another version of this page, or damaged.
    return null;
  }
}

export interface BranchRow extends Branch {
  readonly depth: number;
  readonly isCurrent: boolean;
  /** Lines that its text has and the parent's has not, and the other way round. */
  readonly added: number;
  readonly removed: number;
}

/** The tree as rows, each branch below the one it came from. */
export function rows(tree: Branches): BranchRow[] {
  const list: BranchRow[] = [];
  const lines = (text: string) => (text === '' ? 0 : text.replace(/\n$/, '').split('\n').length);
  const walk = (parent: number | null, depth: number) => {
    for (const one of tree.branches.filter((candidate) => candidate.parent === parent).sort((a, b) => a.from - b.from || a.id - b.id)) {
      const change = parent === null ? null : difference(textOf(tree, parent), textOf(tree, one.id));
      const before = parent === null ? '' : textOf(tree, parent).slice(change!.at, change!.at + change!.remove);
      list.push({ ...one, depth, isCurrent: one.id === tree.current, added: lines(change?.insert ?? ''), removed: lines(before) });
      walk(one.id, depth + 1);
    }
  };
  walk(null, 0);
  return list;
}
