/** From requests to replies: what the worker does with each message. No `postMessage` here. */
import { MachineStopped } from '../../lib/errors.ts';
import { CannotDo, type Engine, type On } from './engine.ts';
import type { At, Ran, Reply, Request } from './protocol.ts';

export type Post = (reply: Reply, transfer: Transferable[]) => void;

/** Answers a request; every request but `cancel` gets one answer that is not `progress` or `tracks`. */
export async function dispatch(engine: Engine, request: Request, post: Post): Promise<void> {
  const { id } = request;
  const on: On = {
    progress: (doing, done, of) => post({ kind: 'progress', id, doing, done, of }, []),
    tracks: (tracks) => post({ kind: 'tracks', id, tracks }, buffersOf(tracks)),
  };
  try {
    switch (request.kind) {
      case 'open': {
        const opened = await engine.open(request.text, request.as, on);
        if ('errors' in opened) post({ kind: 'errors', id, ...opened }, []);
        else post({ kind: 'opened', id, opened }, [opened.lines.buffer as ArrayBuffer]);
        return;
      }
      case 'go': return postAt(id, await engine.go(request.to, request.look, on), post);
      case 'look': return postAt(id, await engine.look(request.look), post);
      case 'cancel': return engine.cancel();
      case 'ask': {
        const answer = await engine.ask(request.question, on);
        const isAt = request.question.of === 'at';
        return post({ kind: 'answer', id, answer }, isAt ? buffersOfAt(answer as At) : request.question.of === 'runUnder' ? buffersOf((answer as Ran).tracks) : []);
      }
    }
  } catch (error) {
    if (error instanceof CannotDo) return post({ kind: 'refused', id, why: error.message }, []);
    // Whatever else is thrown is a fault of ours: nothing of the machine can be relied on any more.
    post({ kind: 'crashed', id, message: nameOf(error), position: position(engine) }, []);
  }
}

/** What the core itself said; that every machine of its instance has stopped is no cause. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof MachineStopped && error.cause instanceof Error ? nameOf(error.cause) : `${error.name}: ${error.message}`;
}

/** A core that has stopped may not even know where it stood: then whoever asked does. */
function position(engine: Engine): number | null {
  try {
    return engine.position;
  } catch {
    return null;
  }
}

function postAt(id: number, at: At, post: Post): void {
  post({ kind: 'at', id, at }, buffersOfAt(at));
}

/** The buffers of columns that lie directly in an object. */
function buffersOf(columns: unknown): ArrayBuffer[] {
  const views = Object.values(columns as object).filter((value) => ArrayBuffer.isView(value)) as ArrayBufferView[];
  return [...new Set(views.map((view) => view.buffer as ArrayBuffer))];
}

function buffersOfAt({ lanes, ram, selected }: At): ArrayBuffer[] {
  const parts = [ram, selected, ...(selected?.walk?.tables ?? []), ...lanes.flatMap(({ areas, strips, cells }) => [areas, strips, ...cells]), ...lanes];
  return [...new Set(parts.filter((part) => part !== null).flatMap(buffersOf))];
}
