/** The same text under other settings: how it is written, and how it went. */
import type { ScriptErrorPlace } from '../../lib/api.ts';
import type { Core } from './core.ts';
import { ENDING, ENDING_BITS, REMARK, type Ran, type Tracks } from './protocol.ts';

/** A text under the settings of a header; those that it has itself make room. */
export function under(text: string, header: string, advice: boolean): string {
  const words = (line: string) => /^\s*@(\S+)(?:\s+(\S+))?/.exec(line);
  const key = (line: string) => {
    const found = words(line);
    return found && (found[1] === 'sysctl' || found[1] === 'config' ? `${found[1]} ${found[2]}` : found[1]!);
  };
  const others = new Set(header.split('\n').map(key));
  const kept = text.split('\n').filter((line) => key(line) === null || !others.has(key(line)));
  const whole = [header, ...kept].join('\n');
  return advice ? whole.replaceAll('MADV_DONTNEED', 'MADV_FREE') : whole;
}

/** How a run went, beside the one as it is written: where it stopped, and what was refused first that is not refused there. */
export function howItWent(core: Core, own: Tracks, lines: Uint32Array, stopped: ScriptErrorPlace | null): Omit<Ran, 'pss'> {
  const tracks = core.tracks(0);
  const how = (ending: number | undefined) => (ending ?? 0) & ENDING_BITS;
  const isBad = (ending: number) => how(ending) === ENDING.error || how(ending) === ENDING.signal;
  // What the text itself expects is no surprise.
  const isExpected = (ending: number) => (ending & REMARK.compared) !== 0 && (ending & REMARK.differs) === 0;
  const first = tracks.ending.findIndex((ending, step) => isBad(ending) && !isExpected(ending) && how(own.ending[step]) !== how(ending));
  return {
    tracks, position: core.position, length: core.length, stopped: stopped && stopped.message.replace(/^line \d+[:,] /, ''),
    first: first < 0 ? null : { step: first, line: lines[first] ?? 0, report: core.reports(first, first + 1)[0]!, isCompared: first < own.ending.length },
    // Of a script a step is left out only where a call failed that it needs: more than in the run as it is written.
    notRun: core.isLog ? 0 : tracks.ending.filter((ending, step) => how(ending) === ENDING.skipped && how(own.ending[step]) !== ENDING.skipped).length,
    isOver: core.processes().every(({ ended }) => ended !== null),
  };
}
