/** The worker: messages to the engine and back. */
import { dispatch } from './dispatch.ts';
import { Engine } from './engine.ts';
import type { Reply, Request } from './protocol.ts';

const scope = globalThis as unknown as {
  postMessage: (message: Reply, transfer: Transferable[]) => void;
  onmessage: ((event: MessageEvent<Request>) => void) | null;
};

/** Messages that wait get their turn: sooner than a timer would let them. */
function turns(): () => Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()?.();
  return () => new Promise((resolve) => {
    waiting.push(resolve);
    port2.postMessage(null);
  });
}

/** A worker may go without a word: a lock of the browser goes with it, for which the page waits. */
function liveWith(locks: LockManager | undefined): void {
  const lock = `pagefault.worker.${Math.random()}`;
  void locks?.request(lock, () => {
    scope.postMessage({ kind: 'alive', id: 0, lock }, []);
    return new Promise(() => undefined);
  }).catch(() => undefined);
}

liveWith(globalThis.navigator?.locks);
const engine = new Engine({ pause: turns(), now: () => performance.now() });
scope.onmessage = ({ data }) => void dispatch(engine, data, (reply, transfer) => scope.postMessage(reply, transfer));
