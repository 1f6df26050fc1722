/** From what the worker says to lanes: areas are kept while they have not changed, ended processes become lines. */
import type { Areas, At, Lane, ProcessInfo } from '../worker/protocol.ts';
import { type LaneData, NO_AREAS } from './layout.ts';
import { type Units, pagesText, grouped } from './units.ts';
import { pictures } from '../texts/pictures.ts';

const t = pictures.space;

export class Lanes {
  private readonly areas = new Map<number, { version: number; areas: Areas }>();
  private lanes = new Map<number, Lane>();
  processes: readonly ProcessInfo[] = [];

  take(at: At): void {
    this.processes = at.processes;
    const pids = new Set(at.processes.map(({ pid }) => pid));
    for (const pid of this.areas.keys()) if (!pids.has(pid)) this.areas.delete(pid);
    this.lanes = new Map(at.lanes.map((lane) => [lane.pid, lane]));
    for (const lane of at.lanes) if (lane.areas) this.areas.set(lane.pid, { version: lane.version, areas: lane.areas });
  }

  /** The version of its areas that is here. */
  version(pid: number): number {
    return this.areas.get(pid)?.version ?? -1;
  }

  areasOf(pid: number): Areas {
    return this.areas.get(pid)?.areas ?? NO_AREAS;
  }

  get alive(): readonly ProcessInfo[] {
    return this.processes.filter((process) => process.ended === null);
  }

  get ended(): { pid: number; text: string }[] {
    return this.processes.filter((process) => process.ended !== null).map(({ pid, name, ended }) => ({ pid, text: t.ended(pid, name, ended!) }));
  }

  /** `isDump`: it was read from how areas lie; what this machine counts of their pages is no fact of it. */
  lane(process: ProcessInfo, units: Units, isDump = false): LaneData {
    const lane = this.lanes.get(process.pid);
    const { pid, name, parent, rss, pss, minFlt, majFlt, areas } = process;
    const faults = [minFlt > 0 || majFlt === 0 ? t.notes.minor(grouped(minFlt)) : '', majFlt > 0 ? t.notes.major(grouped(majFlt)) : ''].filter(Boolean).join(', ');
    const counted = t.notes.areas(grouped(areas), areas);
    const notes = isDump ? [counted] : [t.notes.rss(pagesText(rss, units)), pss === null ? '' : t.notes.pss(pagesText(pss, units)), counted, t.notes.faults(faults, minFlt + majFlt)];
    return {
      pid, title: t.title(pid, name, parent), notes: notes.filter(Boolean).join(' · '),
      areas: this.areasOf(pid), strips: lane?.strips ?? null, cells: lane?.cells ?? [],
    };
  }
}

/** Which processes get a lane: those that must be seen first, in the order they stand. */
export function chooseLanes(alive: readonly ProcessInfo[], room: number, first: readonly (number | null | undefined)[]): readonly ProcessInfo[] {
  const wanted = [...new Set([...first.filter((pid) => pid !== null && pid !== undefined), ...alive.map(({ pid }) => pid)])].slice(0, Math.max(1, room) + first.length);
  const chosen = new Set(wanted.filter((pid) => alive.some((process) => process.pid === pid)).slice(0, Math.max(1, room)));
  return alive.filter(({ pid }) => chosen.has(pid));
}
