/** What happened in a step, as the core says it: plain data, no words. Addresses are hexadecimal without `0x`. */

/** A range of addresses. */
export interface Span {
  readonly start: string;
  /** First address behind. */
  readonly end: string;
}

interface Kinds {
  /** A process, or a thread of one, was made; `shares`: it runs in the address space of its maker. */
  processNew: { pid: number; parent: number | null; thread: boolean; shares: boolean };
  /** A process ended: with which status, or by which signal. */
  processEnded: { pid: number; status: number | null; signal: string | null };
  /** The process got another address space (`execve`). */
  spaceNew: { pid: number };
  /** An area where none was; `ops` is null for anonymous memory. */
  areaNew: { pid: number; at: Span; perms: string; name: string; ops: string | null };
  /** A whole area is unmapped. */
  areaGone: { pid: number; at: Span; perms: string };
  /** A part of an area is unmapped. */
  areaCut: { pid: number; from: Span; gone: Span };
  areaGrown: { pid: number; from: Span; to: Span };
  areaSplit: { pid: number; from: Span; into: readonly Span[] };
  /** Several areas, or parts of them, are one now. */
  areaMerged: { pid: number; of: readonly Span[]; into: Span };
  areaPerms: { pid: number; at: Span; from: string; to: string };
  /** Flags of two letters each, as in smaps. */
  areaFlags: { pid: number; at: Span; gained: string; lost: string };
  pagesPresent: { pid: number; at: Span; count: number; page: 'anon' | 'shared' | 'file' | 'shmem' | 'zero' | 'kernel' };
  pagesGone: { pid: number; at: Span; count: number };
  /** A page is another frame now; `zero`: it was the shared page of zeros. */
  pageCopied: { pid: number; addr: string; from: number; to: number; zero: boolean };
  pagesMoved: { pid: number; from: string; to: string; count: number };
  pagesProtected: { pid: number; at: Span; count: number };
  pagesWritable: { pid: number; at: Span; count: number };
  pagesChanged: { pid: number; at: Span; count: number };
  markersSet: { pid: number; at: Span; count: number; marker: 'guard' | 'poison' };
  markersGone: { pid: number; at: Span; count: number };
  tablesMade: { count: number };
  tablesGone: { count: number };
  tlbFilled: { count: number; addr: string; frame: number };
  tlbForgot: { count: number };
  tlbFlushed: object;
  /** Pages locked in memory. */
  locked: { pid: number; from: number; to: number };
  /** What is mapped from now on is locked, or not any more. */
  futureLocked: { pid: number; on: boolean };
  /** No frame is free any more. */
  ramFull: object;
  /** What is done when a signal comes: so many calls, or null for what happens without a handler. */
  handler: { pid: number; signal: string; calls: number | null };
  brk: { pid: number; from: string; to: string };
  /** Of steps of which events were dropped. */
  areaCount: { pid: number; from: number; to: number };
  resident: { pid: number; from: number; to: number };
  /** In bytes, decimal: more than a number may hold. */
  fileSize: { name: string; from: string; to: string };
  opened: { pid: number; fd: number; name: string };
  closed: { pid: number; fd: number };
  /** A soft limit, decimal; null is unlimited. */
  limit: { pid: number; resource: number; from: string | null; to: string | null };
}

export type FactKind = keyof Kinds;
/** One thing that is different after a step. */
export type Fact = { [K in FactKind]: { readonly kind: K } & Readonly<Kinds[K]> }[FactKind];
export type FactOf<K extends FactKind> = Extract<Fact, { kind: K }>;

/** A step: who did what, and what came of it. */
export interface StepFacts {
  readonly pid: number;
  readonly call: string;
  /** As strace prints it. */
  readonly result: string;
  readonly ending: 'ok' | 'error' | 'signal' | 'skipped';
  readonly errno: string | null;
  readonly signal: { readonly name: string; readonly code: string; readonly addr: string } | null;
  readonly why: string | null;
  /** Signals that handlers answered. */
  readonly handled: number;
  /** How often a repeated call or access worked before it ended. */
  readonly counted: number | null;
  /** Minor and major faults taken. */
  readonly faults: readonly [number, number];
  /** The process lived when the step began. */
  readonly lived: boolean;
  /** The program itself accessed memory: the MMU translated. */
  readonly accessed: boolean;
  readonly facts: readonly Fact[];
  /** Events that were not kept: facts about areas and pages are incomplete. */
  readonly dropped: number;
}

/** A reason by name, with the values that decided. */
export interface Check {
  readonly name: string;
  readonly values: readonly (readonly [string, string])[];
}

/** A line of the call tree, as the core says it. */
export interface TreeFact {
  readonly depth: number;
  readonly kind: 'call' | 'check' | 'passed' | 'note' | 'apart' | 'merge' | 'split' | 'fault' | 'signal';
  readonly text: string;
  readonly note: string;
  readonly check: Check | null;
}

/** What the core says of a step. */
export interface ToldByCore {
  readonly step: StepFacts;
  readonly tree: readonly TreeFact[];
}
