/** What is known of each step that was run: a column a field. */
import type { ScriptSession, StepReport } from '../../lib/index.ts';
import { ACCESS, CALL_GROUPS, ENDING, REMARK, type Find, type Place, type Tracks } from './protocol.ts';

const GROUPS: Readonly<Record<string, string>> = {
  map: 'mmap shmat remap_file_pages shmget',
  unmap: 'munmap shmdt',
  protect: 'mprotect pkey_mprotect pkey_alloc pkey_free wrpkru mseal personality',
  advise: 'madvise process_madvise msync',
  move: 'mremap',
  heap: 'brk',
  lock: 'mlock mlock2 munlock mlockall munlockall',
  process: 'fork vfork clone clone3 execve execveat exit exit_group wait4 pidfd_open prctl setrlimit prlimit64 on',
  file: 'open openat creat close dup dup2 dup3 fcntl ftruncate truncate fallocate read write pread64 pwrite64 preadto pwritefrom fsync fdatasync sync unlink unlinkat chmod fchmod memfd_create memfd_secret ioctl shmctl',
  access: 'load store execute touch_read touch_write process_vm_readv process_vm_writev',
  ask: 'mincore maps snap pagemap nmaps quiet rdpkru getpid',
};
const GROUP_OF = new Map(Object.entries(GROUPS).flatMap(([group, calls]) => calls.split(' ').map((call) => [call, CALL_GROUPS.indexOf(group as never)] as const)));
const ACCESS_OF: Readonly<Record<string, number>> = { load: ACCESS.read, touch_read: ACCESS.read, store: ACCESS.write, touch_write: ACCESS.write, execute: ACCESS.execute };

type Row = [call: number, ending: number, pid: number, faults: number, rss: number, free: number, tables: number, fills: number, hits: number, page: number, access: number];

export class Columns {
  readonly #session: ScriptSession;
  readonly #rows: Row[] = [];
  #told = 0;

  constructor(session: ScriptSession) {
    this.#session = session;
  }

  /** Steps of which everything is known. */
  get known(): number {
    return this.#rows.length;
  }

  /** Runs statements, and notes what is new. */
  run(most: number): void {
    const session = this.#session;
    for (let done = 0; done < most && session.position < session.length; done++) {
      const step = session.position;
      session.runSlice(1);
      if (step === this.#rows.length) this.#rows.push(row(session, session.reportsOf(step, step + 1)[0]!));
    }
  }

  /** Steps that were not told of yet; null if there are none. */
  news(): Tracks | null {
    if (this.#told === this.#rows.length) return null;
    const [from, rows] = [this.#told, this.#rows.slice(this.#told)];
    this.#told = this.#rows.length;
    const column = (at: number) => rows.map((values) => values[at]!);
    return {
      from, call: Uint8Array.from(column(0)), ending: Uint8Array.from(column(1)), pid: Uint32Array.from(column(2)), faults: Uint16Array.from(column(3)),
      rss: Uint32Array.from(column(4)), free: Uint32Array.from(column(5)), tables: Uint32Array.from(column(6)), tlbFills: Uint32Array.from(column(7)),
      tlbHits: Uint32Array.from(column(8)), page: Float64Array.from(column(9)), access: Uint8Array.from(column(10)),
    };
  }

  /** Whether a step has something. */
  test(what: Find, place: Place | null): (step: number) => boolean {
    const rows = this.#rows;
    const ending = (step: number) => rows[step]![1] & 15;
    switch (what) {
      case 'fault': return (step) => rows[step]![3] > 0;
      case 'signal': return (step) => ending(step) === ENDING.signal;
      case 'refusal': return (step) => ending(step) === ENDING.error;
      case 'difference': return (step) => (rows[step]![1] & REMARK.differs) !== 0;
      default: {
        const quiet = [CALL_GROUPS.indexOf('access'), CALL_GROUPS.indexOf('ask')];
        return (step) => !quiet.includes(rows[step]![0]) && (place === null || rows[step]![2] === place.pid);
      }
    }
  }
}

function row(session: ScriptSession, report: StepReport): Row {
  const { call, pid, focus, minFlt, majFlt } = report;
  const meminfo = session.meminfo();
  const frames = (field: string) => Number(new RegExp(`${field}: *(\\d+)`).exec(meminfo)?.[1] ?? 0) / 4;
  const process = session.processes().find((one) => one.pid === pid);
  const { tlbCounts } = session.snapshot();
  const page = focus === null ? NaN : Number(BigInt(`0x${focus}`) >> 12n);
  return [
    GROUP_OF.get(call) ?? 0, endingOf(report, process?.ended ?? null), pid ?? 0, Math.min(minFlt + majFlt, 65_535), process?.rss ?? 0,
    frames('MemFree'), frames('PageTables'), tlbCounts[0], 0, page, ACCESS_OF[call] ?? 0,
  ];
}

function endingOf({ kind, differences, assumed }: StepReport, ended: string | null): number {
  let ending: number = kind === 'error' ? ENDING.error : kind === 'signal' ? ENDING.signal : kind === 'skipped' ? ENDING.skipped : ENDING.ok;
  if (differences.some(({ excuse }) => excuse === '')) ending |= REMARK.differs;
  if (differences.some(({ excuse }) => excuse !== '')) ending |= REMARK.excused;
  if (assumed !== null) ending |= REMARK.assumed;
  if (kind === 'signal' && ended?.startsWith('killed')) ending |= REMARK.fatal;
  return ending;
}
