/** Commands of the console that only ask. */
import type { ScriptSession } from '../../lib/index.ts';

/** What a command answers. `refuse` makes the error of one that is none. */
export function tell(session: ScriptSession, line: string, pid: number, refuse: (why: string) => Error): string {
  const [command = '', ...words] = line.trim().split(/\s+/);
  const process = /^\d+$/.test(words[0] ?? '') && command !== 'walk' ? Number(words[0]) : pid;
  switch (command) {
    case 'maps': return session.maps(process);
    case 'smaps': return session.smaps(process);
    case 'meminfo': return session.meminfo();
    case 'walk': return walk(session, words[0] ?? '', pid, refuse);
    case 'explain': return explain(session);
    case 'frames': return frames(session);
    case 'tlb': return tlb(session);
    default: throw refuse(`${command} is no command: maps, smaps, walk, explain, meminfo, frames or tlb`);
  }
}

function walk(session: ScriptSession, word: string, pid: number, refuse: (why: string) => Error): string {
  if (!/^(0x)?[0-9a-f]+$/i.test(word)) throw refuse('walk takes an address in hexadecimal');
  const found = session.walk(pid, BigInt(`0x${word.replace(/^0x/i, '')}`));
  if (!found) throw refuse(`there is no living process ${pid}`);
  const levels = found.levels.map(({ name: level, index, table, entry, letters, note }) => `${level}[${index}] of frame ${table}: ${entry} ${note || letters}`);
  return [...levels, found.physical ? `physical address 0x${found.physical}` : 'does not translate'].join('\n');
}

function explain(session: ScriptSession): string {
  const told = session.position > 0 ? session.explain(session.position - 1) : null;
  if (!told) return 'nothing has been run yet';
  return [told.sentence, ...told.tree.map(({ depth, text, note }) => `${'  '.repeat(depth)}${text}${note ? ` (${note})` : ''}`)].join('\n');
}

function frames(session: ScriptSession): string {
  const { totalFrames, freeFrames, freeBlocks } = session.snapshot();
  return [`${totalFrames} frames, ${freeFrames} free`, ...freeBlocks.map((count, order) => `blocks of ${1 << order}: ${count}`)].join('\n');
}

function tlb(session: ScriptSession): string {
  const { tlb: entries } = session.snapshot();
  return entries.length === 0 ? 'empty' : entries.map(({ addr, access }) => `${addr} ${access}`).join('\n');
}
