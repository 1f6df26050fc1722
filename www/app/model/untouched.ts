/** Why no page is shown in RAM though the program certainly had some there: what a text does not tell. No DOM. */
import { CALL_GROUPS, type Opened, type Tracks } from '../worker/protocol.ts';

/** A log of calls tells no touches, a dump only how areas lie. */
export type Untouched = 'log' | 'dump' | null;

const ACCESS = CALL_GROUPS.indexOf('access');

export function untouchedBy(opened: Pick<Opened, 'isLog' | 'dump'> | null, { call }: Pick<Tracks, 'call'>): Untouched {
  if (!opened) return null;
  if (opened.dump) return 'dump';
  return opened.isLog && !call.includes(ACCESS) ? 'log' : null;
}
