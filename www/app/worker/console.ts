/** Commands of the console that only ask. */
import type { Core } from './core.ts';

/** What a command answers. `refuse` makes the error of one that is none. */
export function tell(core: Core, line: string, pid: number, refuse: (why: string) => Error): string {
  const [command = '', ...words] = line.trim().split(/\s+/);
  const rest = words.join('');
  switch (command) {
    case 'maps': return core.maps(processOf(core, rest, pid, refuse));
    case 'smaps': return smaps(core, rest, pid, refuse);
    case 'status': return core.status(processOf(core, rest, pid, refuse));
    case 'meminfo': return core.meminfo();
    case 'walk': return walk(core, rest, pid, refuse);
    case 'explain': return explain(core);
    case 'frames': return frames(core);
    case 'tlb': return tlb(core);
    default: throw refuse(`${command} is no command: maps, smaps, status, walk, explain, meminfo, frames or tlb`);
  }
}

/** A living process by its number or by a name that a fork has bound; the one at hand where none is named. */
function processOf(core: Core, word: string, pid: number, refuse: (why: string) => Error): number {
  const found = word === '' ? pid : /^\d+$/.test(word) ? Number(word) : Number(core.nameOf(word) ?? -1);
  if (!core.processes().some((process) => process.pid === found && process.ended === null)) throw refuse(`${word || pid} is no living process: give its number, or the name that a fork has bound`);
  return found;
}

/** Of a process, or of the one area that an address lies in. */
function smaps(core: Core, word: string, pid: number, refuse: (why: string) => Error): string {
  const addr = word === '' || /^\d+$/.test(word) ? null : addressOf(core, word);
  const costs = addr === null ? null : core.area(pid, addr, false, true)?.smaps;
  return costs ?? core.smaps(processOf(core, word, pid, refuse));
}

/** `a`, `a+8K`, `0x7fff0000`, `7fff0000`: a name first, since `a` is both. */
function addressOf(core: Core, word: string): bigint | null {
  const match = /^([\w.]+)(?:([+-])(0x[0-9a-f]+|\d+)([KMG]?))?$/i.exec(word);
  if (!match) return null;
  const [, base = '', sign, distance = '0', unit = ''] = match;
  const start = core.nameOf(base) ?? (/^(0x)?[0-9a-f]+$/i.test(base) ? BigInt(`0x${base.replace(/^0x/i, '')}`) : null);
  if (start === null) return null;
  const by = BigInt(distance) << ({ k: 10n, m: 20n, g: 30n }[unit.toLowerCase()] ?? 0n);
  return BigInt.asUintN(64, sign === '-' ? start - by : start + by);
}

function walk(core: Core, word: string, pid: number, refuse: (why: string) => Error): string {
  const addr = addressOf(core, word);
  if (addr === null) throw refuse('walk takes an address in hexadecimal, or a name that a statement has given');
  const found = core.walk(pid, addr);
  if (!found) throw refuse(`there is no living process ${pid}`);
  const levels = found.levels.map(({ name: level, index, table, entry, letters, note }) => `${level}[${index}] of frame ${table}: ${entry} ${note || letters}`);
  return [...levels, found.physical ? `physical address 0x${found.physical}` : 'does not translate'].join('\n');
}

function explain(core: Core): string {
  const told = core.position > 0 ? core.explain(core.position - 1) : null;
  if (!told) return 'nothing has been run yet';
  return [told.sentence, ...told.tree.map(({ depth, text, note }) => `${'  '.repeat(depth)}${text}${note ? ` (${note})` : ''}`)].join('\n');
}

function frames(core: Core): string {
  const { total, free, freeBlocks } = core.ram();
  return [`${total} frames, ${free} free`, ...freeBlocks.map((count, order) => `blocks of ${1 << order}: ${count}`)].join('\n');
}

function tlb(core: Core): string {
  const entries = core.tlb();
  return entries.length === 0 ? 'empty' : entries.map(({ addr, access, pfn }) => `${addr} ${access} frame ${pfn}`).join('\n');
}
