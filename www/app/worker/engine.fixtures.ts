/** Engines as tests have them: over the built core, with a clock of their own. */
import { readFileSync } from 'node:fs';
import { beforeAll } from 'vitest';
import { Engine, type On } from './engine.ts';
import type { LaneLook, Look, Opened, Tracks } from './protocol.ts';
import { page } from './wasm.ts';

export const SCRIPT = `a = mmap(NULL, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
store(a, "hello")
c = fork()
[c] store(a, "jello")
load(a, 5)
munmap(0x1001, 4096)
load(0x10)
`;

export const LOOK: Look = { lanes: [], frames: false, reports: [0, 0], selected: null, want: [] };
export const lane = (pid: number, more: Partial<LaneLook> = {}): LaneLook => ({ pid, version: -1, strips: null, cells: [], ...more });

// The core is loaded from a file once; the engine finds it loaded.
beforeAll(() => page.instance(readFileSync(new URL('../../lib/page.wasm', import.meta.url))) as unknown as Promise<void>);

export interface Told {
  readonly progress: number[];
  readonly tracks: Tracks[];
}

export function hearing(): On & { readonly told: Told } {
  const told: Told = { progress: [], tracks: [] };
  return { told, progress: (_doing, done) => told.progress.push(done), tracks: (tracks) => told.tracks.push(tracks) };
}

/** An engine for which time stands still but for `passes`: then every step takes so long. */
export function engine(passes = 0): Engine {
  let now = 0;
  return new Engine({ pause: () => new Promise((resolve) => setImmediate(resolve)), now: () => (now += passes) });
}

export async function opened(text = SCRIPT, passes = 0): Promise<{ engine: Engine; opened: Opened; on: ReturnType<typeof hearing> }> {
  const [one, on] = [engine(passes), hearing()];
  const answer = await one.open(text, null, on);
  if ('errors' in answer) throw new Error(answer.errors[0]!.message);
  return { engine: one, opened: answer, on };
}

/** An engine whose time is the work that it does: so long for each statement that is run. */
export function working(step: number): Engine {
  const one: Engine = new Engine({ pause: () => new Promise((resolve) => setImmediate(resolve)), now: () => one.work[2] * step });
  return one;
}
