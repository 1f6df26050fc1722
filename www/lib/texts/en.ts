/**
 * Every sentence that tells of a step, in English, keyed by what happened. Another language is another file of this
 * shape. Nothing is decided here: `tell.ts` chooses which are said.
 */
import type { Check, FactKind, FactOf, Span } from '../facts.ts';
import { RLIMIT } from '../constants.ts';
import { FLAGS, n, passed } from './en-checks.ts';

const pages = (count: number) => n(count, 'page');
const at = ({ start, end }: Span) => `${start}–${end}`;
const who = (pid: number) => `Process ${pid}`;
const one = (count: number, single: string, several: string) => (count === 1 ? single : several);
const bytes = (shown: string) => {
  const size = BigInt(shown);
  return size >= 1024n && size % 1024n === 0n ? `${(size / 1024n).toLocaleString('en')} KiB` : `${size.toLocaleString('en')} ${size === 1n ? 'byte' : 'bytes'}`;
};

const list = (spans: readonly Span[]) => spans.map(at).join(', ');

/** What an area holds. */
function memory({ name, ops, perms }: { name: string; ops: string | null; perms: string }): string {
  const shared = perms.endsWith('s');
  if (name.startsWith('/dev/zero')) return 'shared anonymous memory';
  if (name.startsWith('/SYSV')) return 'a SysV shared memory segment';
  if (name.startsWith('/memfd:')) return `a ${shared ? 'shared' : 'private'} mapping of the file in memory ${name.slice(7).replace(/ \(deleted\)$/, '')}`;
  if (name.startsWith('[') && !name.startsWith('[anon')) return name === '[heap]' ? 'the heap' : name === '[stack]' ? 'the stack' : `the kernel's ${name}`;
  if (name.startsWith('/')) return `a ${shared ? 'shared' : 'private'} mapping of ${name}`;
  return ops === null ? 'private anonymous memory' : `a ${shared ? 'shared' : 'private'} mapping`;
}

/** Letters of permissions in words. */
function may(perms: string): string {
  const words = [perms[0] === 'r' && 'read', perms[1] === 'w' && 'written', perms[2] === 'x' && 'executed'].filter((word) => word !== false);
  return words.length === 0 ? 'not be accessed at all' : `be ${words.join(' and ')}`.replace(/ and (?=.* and )/, ', ');
}

/** Whether rights were taken and none given, and some are left. */
const isLess = (from: string, to: string) => /[rwx]/.test(to) && [0, 1, 2].every((i) => to[i] === '-' || to[i] === from[i]);

const flagWords = (letters: string) => letters.split(' ').filter(Boolean).map((letter) => FLAGS[letter] ?? letter).join(', ');
const PAGE = { anon: 'private memory', shared: 'private memory that others map too', file: 'of a file', shmem: 'shared memory', zero: 'the page of zeros', kernel: 'of the kernel' } as const;
const limitName = (resource: number) => `RLIMIT_${Object.keys(RLIMIT)[resource]}`;
const limit = (value: string | null) => (value === null ? 'unlimited' : BigInt(value).toLocaleString('en'));

/** One line of the list of changes: + made, − gone, ~ other than before. */
type Line<K extends FactKind> = (fact: FactOf<K>) => string;

export const en = {
  /** The list of changes. */
  changes: {
    processNew: (f) => (f.thread ? `+ thread, numbered ${f.pid}` : `+ process ${f.pid}${f.shares ? `, in the address space of process ${f.parent}` : ''}`),
    processEnded: (f) => `− process ${f.pid}${f.signal ? `, killed by ${f.signal}` : f.status === null ? '' : `, exited with ${f.status}`}`,
    spaceNew: () => '~ another address space',
    areaNew: (f) => `+ area ${at(f.at)} ${f.perms} ${f.name || memory(f)}`,
    areaGone: (f) => `− area ${at(f.at)} ${f.perms}`,
    areaCut: (f) => `− part ${at(f.gone)} of the area ${at(f.from)}`,
    areaGrown: (f) => `~ area ${at(f.from)} reaches over ${at(f.to)}`,
    areaSplit: (f) => `~ area ${at(f.from)} is ${f.into.length}: ${list(f.into)}`,
    areaMerged: (f) => `~ areas ${list(f.of)} are one: ${at(f.into)}`,
    areaPerms: (f) => `~ ${at(f.at)} ${f.from} → ${f.to}`,
    areaFlags: (f) => `~ ${at(f.at)} ${[f.gained && `now ${flagWords(f.gained)}`, f.lost && `no longer ${flagWords(f.lost)}`].filter(Boolean).join('; ')}`,
    pagesPresent: (f) => `+ ${pages(f.count)} ${at(f.at)}: ${PAGE[f.page]}`,
    pagesGone: (f) => `− ${pages(f.count)} ${at(f.at)}`,
    pageCopied: (f) => `~ page ${f.addr}: frame ${f.from} → ${f.to}`,
    pagesMoved: (f) => `~ ${n(f.count, 'entry', 'entries')} moved from ${f.from} to ${f.to}`,
    pagesProtected: (f) => `~ ${pages(f.count)} ${at(f.at)}: read-only for the MMU`,
    pagesWritable: (f) => `~ ${pages(f.count)} ${at(f.at)}: writable for the MMU`,
    pagesChanged: (f) => `~ ${pages(f.count)} ${at(f.at)}: other bits in ${one(f.count, 'the entry', 'the entries')}`,
    markersSet: (f) => `+ ${f.marker === 'guard' ? n(f.count, 'guard page') : n(f.count, 'poisoned page')} ${at(f.at)}`,
    markersGone: (f) => `− ${n(f.count, 'marker')} ${at(f.at)}`,
    tablesMade: (f) => `+ ${n(f.count, 'page table')}`,
    tablesGone: (f) => `− ${n(f.count, 'page table')}`,
    tlbFilled: (f) => `+ TLB: ${f.count === 1 ? `${f.addr} is frame ${f.frame}` : n(f.count, 'translation')}`,
    tlbForgot: (f) => `− TLB: ${pages(f.count)} forgotten`,
    tlbFlushed: () => '− TLB: everything forgotten',
    locked: (f) => `~ locked in memory: ${f.from} → ${pages(f.to)}`,
    futureLocked: (f) => `~ what is mapped from now on is ${f.on ? '' : 'not '}locked`,
    ramFull: () => '~ no frame is free any more',
    handler: (f) => `~ ${f.signal}: ${f.calls === null ? 'as without a handler' : n(f.calls, 'call')}`,
    brk: (f) => `~ program break ${f.from} → ${f.to}`,
    areaCount: (f) => `~ areas: ${f.from.toLocaleString('en')} → ${f.to.toLocaleString('en')}`,
    resident: (f) => `~ resident: ${f.from} → ${pages(f.to)}`,
    fileSize: (f) => `~ ${f.name || 'a file'}: ${bytes(f.from)} → ${bytes(f.to)}`,
    opened: (f) => `+ descriptor ${f.fd} ${f.name}`,
    closed: (f) => `− descriptor ${f.fd}`,
    limit: (f) => `~ ${limitName(f.resource)} ${limit(f.from)} → ${limit(f.to)}`,
  } satisfies { [K in FactKind]: Line<K> },

  /** How the step ended. */
  skipped: (why: string) => `Not replayed: ${why}.`,
  dead: (pid: number) => `${who(pid)} has ended before: nothing was run.`,
  refused: (errno: string, why: string) => `Refused with ${errno}: ${why}.`,
  refusedAfter: (count: number, errno: string, why: string) => `It worked ${n(count, 'time')}, then was refused with ${errno}: ${why}.`,
  signal: (pid: number, name: string, why: string) => `${who(pid)} gets ${name}: ${why}.`,
  signalAfter: (pid: number, count: number, name: string, why: string) => `After ${n(count, 'access', 'accesses')} ${who(pid).toLowerCase()} gets ${name}: ${why}.`,
  fatal: (pid: number, signal: string) => (signal === 'SIGKILL' ? `Nothing can handle it: process ${pid} died.` : `Nothing handles it, so it is fatal: process ${pid} died.`),
  expected: () => 'The script expects it and takes it, as a debugger would: the process lives on.',
  handled: (pid: number, count: number, name: string, why: string) =>
    count === 1
      ? `${who(pid)} gets ${name}: ${why}. Its handler answers, and the access is tried again.`
      : `${who(pid)} gets ${name} ${count} times, the first time because ${why}. Each time its handler answers, and the access is tried again.`,

  /** Processes. */
  forked: (pid: number, child: number, areas: number, shared: number) =>
    `Process ${child} is a copy of process ${pid}, with ${n(areas, 'area')}. ${shared === 0 ? 'No page had to be write-protected for it.' : `${shared === 1 ? '1 private page is' : `${shared.toLocaleString('en')} private pages are`} shared and write-protected until somebody writes.`}`,
  thread: (pid: number, child: number) => `A thread of process ${pid} is new, numbered ${child}: it runs in the same address space.`,
  sharing: (pid: number, child: number) => `${who(child)} is new, and runs in the address space of process ${pid}: what one writes the other sees.`,
  made: (child: number) => `${who(child)} is new.`,
  exited: (pid: number, status: number | null, areas: number) => `${who(pid)} ended${status === null ? '' : ` with status ${status}`}${areas > 0 ? ': its areas, pages and tables went back' : ''}.`,
  killed: (pid: number, signal: string) => `${who(pid)} was killed by ${signal}${signal === 'SIGKILL' ? ': RAM ran out, and the OOM killer took its memory' : ''}.`,
  program: (pid: number, areas: number) => `${who(pid)} runs another program: the old areas are gone, ${one(areas, `1 new one is`, `${areas} new ones are`)} there.`,

  /** Areas. */
  areaNew: (f: FactOf<'areaNew'>) => `${who(f.pid)} has a new area, ${at(f.at)} (${f.perms}): ${memory(f)}.`,
  areasNew: (pid: number, count: number) => `${who(pid)} has ${n(count, 'new area')}.`,
  areaGone: (pid: number, span: Span) => `The area ${at(span)} of process ${pid} is gone.`,
  areasGone: (pid: number, count: number) => `${n(count, 'area')} of process ${pid} are gone.`,
  areaMoved: (pid: number, from: string, to: string) => `${who(pid)} moved a mapping from ${from} to ${to}.`,
  areaCut: (f: FactOf<'areaCut'>) => `${at(f.gone)} is cut out of the area ${at(f.from)} of process ${f.pid}.`,
  areasCut: (pid: number, count: number) => `${n(count, 'part')} of areas of process ${pid} are unmapped.`,
  areaGrown: (f: FactOf<'areaGrown'>) => `An area of process ${f.pid} grew: it reaches over ${at(f.to)} now.`,
  stackGrown: (f: FactOf<'areaGrown'>) => `${who(f.pid)} touched memory below its stack, which grew down to ${f.to.start}.`,
  areasGrown: (pid: number, count: number) => `${n(count, 'area')} of process ${pid} grew.`,
  areaMerged: ({ pid, of, into }: FactOf<'areaMerged'>, fresh: readonly Span[]) =>
    `The areas ${list(of.slice(0, 4))}${of[4] ? ' …' : ''} of process ${pid}${fresh[0] ? ` and the new one ${list(fresh)}` : ''} are one area now, ${at(into)}.`,
  areasMerged: (pid: number, count: number) => `Neighbours in process ${pid} were joined to ${n(count, 'area')}.`,
  areaSplit: (f: FactOf<'areaSplit'>) => `The area ${at(f.from)} of process ${f.pid} is split into ${f.into.length}.`,
  areasSplit: (pid: number, count: number) => `${n(count, 'area')} of process ${pid} were split.`,
  areaPerms: (f: FactOf<'areaPerms'>) => `${at(f.at)} may ${isLess(f.from, f.to) ? 'only ' : ''}${may(f.to)} now (${f.from} → ${f.to}).`,
  areasPerms: (pid: number, count: number, to: string | null) => `${n(count, 'part')} of process ${pid} have other permissions${to === null ? '' : `, ${to}`} now.`,
  areaFlags: (f: FactOf<'areaFlags'>) => `${at(f.at)} is ${[f.gained && `marked now: ${flagWords(f.gained)}`, f.lost && `no longer marked: ${flagWords(f.lost)}`].filter(Boolean).join('; ')}.`,
  areasFlags: (pid: number, count: number) => `${n(count, 'part')} of process ${pid} are marked otherwise now.`,

  /** Pages. */
  copied: (f: FactOf<'pageCopied'>, accessed: boolean) =>
    f.zero
      ? `${accessed ? `${who(f.pid)} wrote to the shared page of zeros` : `Page ${f.addr} showed the shared page of zeros`}: it has a frame of its own now (${f.from} → ${f.to}).`
      : `${accessed ? `${who(f.pid)} wrote to a page it shared` : `Page ${f.addr} was shared`}. The kernel gave it its own copy (frame ${f.from} → ${f.to}) and made that writable.`,
  manyCopied: (pid: number, count: number) => `${pages(count)} of process ${pid} are frames of their own now.`,
  touchedZero: (pid: number, count: number) => `${who(pid)} read memory it never wrote: the one shared page of zeros was mapped, read-only${count === 1 ? '' : `, at ${count.toLocaleString('en')} places`}.`,
  touchedAnon: (pid: number, count: number) =>
    count === 1
      ? `${who(pid)} touched this page for the first time: the kernel took a frame, cleared it and mapped it.`
      : `${who(pid)} touched ${pages(count)} for the first time: the kernel took a frame for each, cleared it and mapped it.`,
  touchedFile: (pid: number, count: number) => `${who(pid)} touched a mapping of a file: ${count === 1 ? 'its page in the page cache is' : `${pages(count)} of the page cache are`} mapped${count === 1 ? '' : ', those around the address along with it'}.`,
  touchedShmem: (pid: number, count: number) => `${who(pid)} touched shared memory: ${one(count, 'its page, which', `${pages(count)} of it, which`)} the kernel keeps like ${one(count, 'one', 'those')} of a file that has no disk, ${one(count, 'is', 'are')} mapped.`,
  touchedKernel: (pid: number, count: number) => `${who(pid)} touched ${one(count, 'a page', pages(count))} that the kernel provides.`,
  present: (pid: number, count: number) => `${pages(count)} of process ${pid} ${one(count, 'is', 'are')} present now.`,
  gone: (pid: number, count: number) => `${pages(count)} of process ${pid} ${one(count, 'is', 'are')} not present any more.`,
  goneStay: (pid: number, count: number) => `${pages(count)} of process ${pid} ${one(count, 'is', 'are')} not present any more; the area stays, and the next touch faults.`,
  moved: (count: number) => `${n(count, 'entry', 'entries')} moved with it, and the frames stayed where they are.`,
  protected: (pid: number, count: number) => `${pages(count)} of process ${pid} ${one(count, 'is', 'are')} read-only for the MMU now: the next write faults.`,
  sealed: (pid: number, count: number) => `${pages(count)} of process ${pid} ${one(count, 'keeps its frame', 'keep their frames')} and may not be accessed at all: the next access faults.`,
  unsealed: (pid: number, count: number) => `${pages(count)} of process ${pid} may be accessed again.`,
  writable: (pid: number, count: number) => `${pages(count)} of process ${pid} ${one(count, 'is', 'are')} writable for the MMU now.`,
  reused: (pid: number) => `${who(pid)} wrote to a page that was read-only for the MMU: it became writable, without a copy.`,
  changed: (pid: number, count: number) => `Other bits are set in ${one(count, 'the entry of 1 page', `the entries of ${pages(count)}`)} of process ${pid}.`,
  guards: (count: number) => `${n(count, 'guard page')} ${one(count, 'is', 'are')} in place: touching ${one(count, 'it', 'one')} is a SIGSEGV.`,
  poison: (count: number) => `${n(count, 'page')} ${one(count, 'is', 'are')} poisoned: touching ${one(count, 'it', 'one')} is a SIGBUS.`,
  unmarked: (count: number) => `${n(count, 'marked page')} ${one(count, 'is', 'are')} ordinary again.`,

  /** Other things. */
  locked: (f: FactOf<'locked'>) => (f.to > f.from ? `${pages(f.to)} of process ${f.pid} ${one(f.to, 'is', 'are')} locked in memory now.` : f.to === 0 ? `Nothing of process ${f.pid} is locked in memory any more.` : `${pages(f.to)} of process ${f.pid} stay locked in memory.`),
  futureLocked: (f: FactOf<'futureLocked'>) => (f.on ? `What process ${f.pid} maps from now on is locked in memory, and present at once.` : `What process ${f.pid} maps from now on is not locked any more.`),
  ramFull: () => 'No frame of RAM is free any more.',
  brk: (f: FactOf<'brk'>) => `The program break of process ${f.pid} is at ${f.to} now.`,
  fileSize: (f: FactOf<'fileSize'>) => `${f.name ? `The file ${f.name}` : 'A file'} is ${bytes(f.to)} long now, ${bytes(f.from)} before.`,
  opened: (f: FactOf<'opened'>) => `Descriptor ${f.fd} of process ${f.pid} is ${f.name || 'open'} now.`,
  closed: (f: FactOf<'closed'>) => `Descriptor ${f.fd} of process ${f.pid} is closed.`,
  limit: (f: FactOf<'limit'>) => `${limitName(f.resource)} of process ${f.pid} is ${limit(f.to)} now.`,
  areaCount: (f: FactOf<'areaCount'>) => `${who(f.pid)} has ${n(f.to, 'area')} now, ${f.from.toLocaleString('en')} before.`,
  resident: (f: FactOf<'resident'>) => `${pages(f.to)} of process ${f.pid} ${one(f.to, 'is', 'are')} resident now, ${f.from.toLocaleString('en')} before.`,
  untouched: (spaces: readonly number[]) => `No page of ${one(spaces.length, 'it', 'them')} is present until it is touched.`,

  /** Accesses that needed nothing, and calls that changed nothing. */
  hit: () => 'The TLB knew the page: no walk, no fault.',
  hits: (count: number) => `The TLB knew every page of the ${n(count, 'access', 'accesses')}: no walk, no fault.`,
  walked: (count: number) => `${count === 1 ? 'The page was present' : 'The pages were present'}: the MMU walked the tables, and the TLB remembers.`,
  faulted: () => 'The fault was taken, and no entry had to change.',
  place: () => 'A place to look: nothing is run.',
  handler: ({ pid, signal, calls }: FactOf<'handler'>) => (calls === null ? `From now on nothing handles ${signal} in process ${pid}: it ends it.` : `From now on ${one(calls, 'this call is', 'these calls are')} made when ${signal} comes to process ${pid}.`),
  unlinked: () => 'The name is gone. Who has the file open, or maps it, keeps it.',
  waited: (child: string) => `Process ${child} had ended: now its number is free, too.`,
  nothing: (call: string, result: string) => `${call} returned ${result}. Nothing changed.`,
  little: (call: string, result: string) => `${call} returned ${result}. No area and no page changed.`,
  much: (call: string, result: string) => `${call} returned ${result}.`,
  incomplete: (count: number) => `More happened than is kept: ${n(count, 'event')} ${one(count, 'is', 'are')} left out.`,

  /** The call tree. */
  passed,
  apart: (neighbour: string, side: string, why: string) => [`not merged with ${neighbour} on the ${side}`, why] as const,
  merged: (range: string, result: string) => [`${range} merged`, `now ${result}`] as const,
  split: (range: string, border: string) => [`${range} split`, `at ${border}`] as const,
  flagsDiffer: (letters: string) => `only one of them is ${flagWords(letters)}`,
  fault: (addr: string, code: number) => {
    const access = code & 16 ? 'an instruction fetch' : code & 2 ? 'a write' : 'a read';
    const cause = code & 32 ? 'the protection key forbids it' : code & 1 ? 'the entry forbids it' : 'there is no entry';
    return [`#PF at ${addr}`, `${access}${code & 4 ? ' by the program' : ' by the kernel'}: ${cause}`] as const;
  },
};

export type Texts = typeof en;
export type { Check };
