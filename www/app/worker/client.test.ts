/** The two ends of the worker: messages, newer requests, crashes. */
import { describe, expect, test } from 'vitest';
import { MachineStopped } from '../../lib/errors.ts';
import { Client, Crashed, type WorkerLike } from './client.ts';
import { dispatch } from './dispatch.ts';
import { LOOK, SCRIPT, engine, lane } from './engine.fixtures.ts';
import type { Engine } from './engine.ts';
import type { Look, Reply, Request, Tracks } from './protocol.ts';

/** A worker in this thread, over an engine. */
function fake(one: Pick<Engine, 'open' | 'go' | 'look' | 'ask' | 'cancel' | 'position'>): WorkerLike {
  const worker: WorkerLike = {
    onmessage: null,
    onerror: null,
    terminate: () => undefined,
    postMessage: (request: Request) => void dispatch(one as Engine, structuredClone(request), (reply: Reply, transfer) => {
      worker.onmessage?.({ data: structuredClone(reply, { transfer: transfer as never }) } as MessageEvent<Reply>);
    }),
  };
  return worker;
}

describe('by messages', () => {
  test('columns are transferred, and what the engine keeps stays whole', async () => {
    const tracks: Tracks[] = [];
    const client = new Client({ tracks: (news) => tracks.push(news) }, () => fake(engine()));
    const answer = await client.open(SCRIPT);
    expect(answer).toMatchObject({ length: 7 });
    const look: Look = { ...LOOK, frames: true, lanes: [lane(1, { strips: { first: 0, count: 9, columns: 8 }, cells: [{ page: 0x400, count: 2 }] })] };
    for (const to of [7, 3, 7]) {
      const at = (await client.go(to, look))!;
      expect(at.lanes[0]!.areas!.start.length).toBe(at.lanes[0]!.areas!.count);
      expect(at.lanes[0]!.strips!.cells.length).toBe(at.lanes[0]!.strips!.count * 8);
      expect(at.ram.frames!.length).toBe(at.ram.total);
    }
    expect(tracks.flatMap(({ call }) => [...call])).toHaveLength(7);
    expect(await client.ask({ of: 'find', what: 'signal', from: 0, back: false, place: null })).toBe(7);
    await expect(client.ask({ of: 'tell', line: 'dance', pid: 1 })).rejects.toThrow('dance');
  });

  test('a worker that goes without a word is told, once: the lock that it held is free then', async () => {
    const crashes: (readonly [string, number | null])[] = [];
    const waiting: (() => void)[] = [];
    const locks = { request: (_: string, then: () => void) => {
      waiting.push(then);
      return Promise.resolve();
    } };
    const made: WorkerLike[] = [];
    const client = new Client({ crashed: (message, position) => crashes.push([message, position]) }, () => {
      const worker = fake(engine());
      made.push(worker);
      return worker;
    }, locks);
    const alive = (worker: WorkerLike) => worker.onmessage?.({ data: { kind: 'alive', id: 0, lock: 'lock' } } as MessageEvent<Reply>);
    alive(made[0]!);
    await client.open(SCRIPT);
    const asked = client.ask({ of: 'find', what: 'signal', from: 0, back: false, place: null }).catch((error: unknown) => error);
    waiting[0]!();
    expect(await asked).toBeInstanceOf(Crashed);
    expect(crashes).toEqual([['the worker has gone', null]]);
    // The next one is made when it is asked for; that the first one's lock is free is no news.
    await client.open(SCRIPT);
    alive(made[1]!);
    waiting[0]!();
    client.close();
    waiting[1]!();
    expect(crashes).toHaveLength(1);
  });

  test('a newer request is answered, the older one with null', async () => {
    const client = new Client({}, () => fake(engine(20)));
    await client.open(SCRIPT);
    const [older, newer] = await Promise.all([client.go(7, LOOK), client.go(2, LOOK)]);
    expect([older, newer?.position]).toEqual([null, 2]);
  });

  test('a large text is copied for the worker in a task of its own, what is asked after it comes after it, and what was overtaken never', async () => {
    const posted: string[] = [];
    const worker: WorkerLike = { onmessage: null, onerror: null, terminate: () => posted.push('ended'), postMessage: (request) => posted.push(request.kind === 'open' ? `open ${request.text[0]}` : request.kind) };
    const client = new Client({}, () => worker);
    const large = (letter: string) => letter.repeat(2 << 20);
    const task = () => new Promise((done) => setTimeout(done));
    void client.open(SCRIPT);
    expect(posted).toEqual(['open a']);
    const [older, newer] = [client.open(large('b')), client.open(large('c'))];
    void client.ask({ of: 'tell', line: 'maps', pid: 1 });
    void client.look(LOOK);
    expect(posted).toEqual(['open a']);
    expect(await older).toBe(null);
    await task();
    expect(posted).toEqual(['open a', 'open c', 'ask', 'look']);
    // Given up before it was sent, it is not sent.
    void client.open(large('d'));
    expect(client.stopReading()).toBe(true);
    expect(await newer).toBe(null);
    void client.open(SCRIPT);
    await task();
    expect(posted).toEqual(['open a', 'open c', 'ask', 'look', 'ended', 'open a']);
  });

  test('the reading of a text can be given up: it ends with its worker, and the next text has a new one', async () => {
    let made = 0;
    const never = () => new Promise<never>(() => undefined);
    const client = new Client({}, () => (++made > 1 ? fake(engine()) : fake({ open: never, go: never, look: never, ask: never, cancel: () => undefined, position: 0 })));
    expect(client.stopReading()).toBe(false);
    const given = client.open(SCRIPT);
    expect(client.stopReading()).toBe(true);
    expect(await given).toBe(null);
    expect(made).toBe(1);
    expect(await client.open(SCRIPT)).toMatchObject({ length: 7 });
    expect(made).toBe(2);
  });

  test('a core that stops is told of, and a new worker is there', async () => {
    let made = 0;
    const crashes: (readonly [string, number | null])[] = [];
    const client = new Client({ crashed: (message, position) => crashes.push([message, position]) }, () => {
      const one = engine();
      if (++made > 1) return fake(one);
      const stop = () => Promise.reject(new WebAssembly.RuntimeError('unreachable'));
      return fake({ open: one.open.bind(one), go: stop, look: stop, ask: one.ask.bind(one), cancel: () => undefined, position: 4 });
    });
    await client.open(SCRIPT);
    await expect(client.go(7, LOOK)).rejects.toThrow(Crashed);
    expect(crashes).toEqual([['RuntimeError: unreachable', 4]]);
    await client.open(SCRIPT);
    expect((await client.go(7, LOOK))!.position).toBe(7);
  });

  test('of a core that knows nothing any more the cause is told, and no position', async () => {
    const crashes: (readonly [string, number | null])[] = [];
    const client = new Client({ crashed: (message, position) => crashes.push([message, position]) }, () => {
      const one = engine();
      const stopped = () => new MachineStopped('all have stopped', new WebAssembly.RuntimeError('unreachable'));
      const stop = () => Promise.reject(stopped());
      return fake({ open: one.open.bind(one), go: stop, look: stop, ask: one.ask.bind(one), cancel: () => undefined, get position(): number { throw stopped(); } });
    });
    await client.open(SCRIPT);
    await expect(client.go(7, LOOK)).rejects.toThrow(Crashed);
    expect(crashes).toEqual([['RuntimeError: unreachable', null]]);
  });
});
