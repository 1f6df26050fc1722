/** The page's side of the worker: a promise for each request, and a new worker after a crash. */
import type { At, Look, Opened, Question, Reply, Request, Tracks } from './protocol.ts';
import type { TextKind } from '../../lib/index.ts';

/** What a worker is to the client: the real one, or a test's. */
export interface WorkerLike {
  postMessage: (message: Request) => void;
  terminate: () => void;
  onmessage: ((event: MessageEvent<Reply>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

export interface Heard {
  readonly progress?: (doing: 'reading' | 'running', done: number, of: number) => void;
  /** Of the open text: what is known of steps that had not been run before. */
  readonly tracks?: (tracks: Tracks) => void;
  /** The core has stopped; a new worker is made for the next request, and nothing is open in it. */
  readonly crashed?: (message: string, position: number | null) => void;
}

/** It cannot be done, in a sentence for people. */
export class CannotDo extends Error {}
/** The core has stopped while this was asked. */
export class Crashed extends Error {}

export type OpenAnswer = Opened | Extract<Reply, { kind: 'errors' }>;

type RequestBody = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;

interface Waiting {
  readonly kind: Request['kind'];
  readonly resolve: (reply: Reply | null) => void;
  readonly reject: (error: Error) => void;
}

/** Locks of the browser, as far as they are used: none in an unsafe context. */
interface Locks {
  request(name: string, then: () => void): Promise<unknown>;
}

const realWorker = (): WorkerLike => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });

/** Letters that take some milliseconds to be copied. */
const LARGE = 1 << 20;

/** How long a text may be read before another one ends the worker instead of waiting, in ms. */
const LONG_READING = 300;

export class Client {
  readonly #make: () => WorkerLike;
  readonly #heard: Heard;
  readonly #locks: Locks | undefined;
  readonly #waiting = new Map<number, Waiting>();
  /** None after a crash, until it is asked for something: one that cannot start is not started over and over. */
  #worker: WorkerLike | null;
  #id = 0;
  #readingSince = 0;
  #travel = 0;
  /** What waits for a task of its own, in order; null if nothing does. */
  #held: Request[] | null = null;

  constructor(heard: Heard = {}, make: () => WorkerLike = realWorker, locks: Locks | undefined = globalThis.navigator?.locks) {
    this.#locks = locks;
    this.#heard = heard;
    this.#make = make;
    this.#worker = this.#start();
  }

  /** Reads a text. Null if a newer one was opened before it was read. */
  async open(text: string, as: TextKind | null = null): Promise<OpenAnswer | null> {
    // A log is read in slices, the rest in one go: what takes long is given up with the worker that reads it.
    if (Date.now() - this.#readingSince > LONG_READING) this.stopReading();
    this.#override('open', 'go', 'look', 'ask');
    this.#readingSince = Date.now();
    const reply = await this.#post({ kind: 'open', text, as });
    return reply?.kind === 'opened' ? reply.opened : reply?.kind === 'errors' ? reply : null;
  }

  /** Goes to a position. Null if a newer way was taken before it was there. */
  async go(to: number, look: Look): Promise<At | null> {
    this.#override('go', 'look');
    const reply = await this.#post({ kind: 'go', to, look });
    return reply?.kind === 'at' ? reply.at : null;
  }

  /** Looks differently. Null if a newer look or way took its place. */
  async look(look: Look): Promise<At | null> {
    this.#override('look');
    const reply = await this.#post({ kind: 'look', look });
    return reply?.kind === 'at' ? reply.at : null;
  }

  /** Gives up a text that is being read: its answer is null. Whether there was one. */
  stopReading(): boolean {
    if (![...this.#waiting.values()].some(({ kind }) => kind === 'open')) return false;
    this.#abandon();
    this.#settle(() => null);
    return true;
  }

  /** Stops a long way, or a long search. */
  cancel(): void {
    this.#worker?.postMessage({ kind: 'cancel', id: this.#travel });
  }

  /** Asks. Throws `CannotDo`; null if it does not matter any more. */
  async ask<T>(question: Question): Promise<T | null> {
    const reply = await this.#post({ kind: 'ask', question });
    return reply?.kind === 'answer' ? (reply.answer as T) : null;
  }

  /** Ends the worker. */
  close(): void {
    this.#abandon();
    this.#settle(() => null);
  }

  #start(): WorkerLike {
    const worker = this.#make();
    worker.onmessage = ({ data }) => this.#receive(data);
    worker.onerror = (event) => this.#crash(event.message || 'the worker could not be started', null);
    return worker;
  }

  #post(body: RequestBody): Promise<Reply | null> {
    const id = ++this.#id;
    if (body.kind === 'go') this.#travel = id;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { kind: body.kind, resolve, reject });
      this.#worker ??= this.#start();
      this.#send({ ...body, id } as Request);
    });
  }

  /** Whoever opens a large text shows it too: that it is copied for the worker is a task of its own. What is asked after it comes after it. */
  #send(request: Request): void {
    if (this.#held) this.#held.push(request);
    else if (request.kind === 'open' && request.text.length >= LARGE) {
      this.#held = [request];
      setTimeout(() => this.#sendHeld());
    } else this.#worker?.postMessage(request);
  }

  #sendHeld(): void {
    const held = this.#held ?? [];
    this.#held = null;
    // What a newer one has taken the place of nobody waits for.
    for (const request of held) if (this.#waiting.has(request.id)) this.#worker?.postMessage(request);
  }

  #receive(reply: Reply): void {
    if (reply.kind === 'crashed') return this.#crash(reply.message, reply.position);
    if (reply.kind === 'alive') return this.#watch(reply.lock);
    if (reply.kind === 'tracks') return this.#heard.tracks?.(reply.tracks);
    const waiting = this.#waiting.get(reply.id);
    if (reply.kind === 'progress') {
      // How far an overridden way is interests nobody.
      if (waiting) this.#heard.progress?.(reply.doing, reply.done, reply.of);
      return;
    }
    this.#waiting.delete(reply.id);
    if (reply.kind !== 'refused') waiting?.resolve(reply);
    else if (reply.why === 'overridden') waiting?.resolve(null);
    else waiting?.reject(new CannotDo(reply.why));
  }

  /** The lock of a worker is free when it has gone, be it without a word. */
  #watch(lock: string): void {
    const worker = this.#worker;
    void this.#locks?.request(lock, () => {
      if (worker === this.#worker) this.#crash('the worker has gone', null);
    }).catch(() => undefined);
  }

  /** Requests that a newer one takes the place of: their answers are not waited for. */
  #override(...kinds: Request['kind'][]): void {
    for (const [id, { kind, resolve }] of this.#waiting) {
      if (!kinds.includes(kind)) continue;
      this.#waiting.delete(id);
      resolve(null);
    }
  }

  #crash(message: string, position: number | null): void {
    this.#abandon();
    this.#settle(() => new Crashed(message));
    this.#heard.crashed?.(message, position);
  }

  /** Another worker is made for what is asked next. */
  #abandon(): void {
    const worker = this.#worker;
    this.#worker = null;
    if (!worker) return;
    worker.onmessage = worker.onerror = null;
    worker.terminate();
  }

  #settle(why: () => Error | null): void {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { resolve, reject } of all) {
      const error = why();
      if (error) reject(error);
      else resolve(null);
    }
  }
}
