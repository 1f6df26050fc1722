/** A system call that the kernel refused. */
export class SyscallError extends Error {
  override readonly name = 'SyscallError';
  /** The symbol, for instance `'ENOMEM'`. */
  readonly code: string;
  /** The number, positive. */
  readonly errno: number;
  /** The call. */
  readonly syscall: string;
  /** The check that failed, in words. */
  readonly why: string;

  constructor(syscall: string, code: string, errno: number, why: string, caused?: { readonly cause: unknown }) {
    super(`${syscall}: ${code}: ${why}`, caused);
    this.syscall = syscall;
    this.code = code;
    this.errno = errno;
    this.why = why;
  }

  /** What `JSON.stringify` writes. */
  toJSON(): object {
    const { name, message, syscall, code, errno, why } = this;
    return { name, message, syscall, code, errno, why };
  }
}

/** An access that ended in a signal. */
export class PageFault extends Error {
  override readonly name = 'PageFault';
  /** `'SIGSEGV'` or `'SIGBUS'`. */
  readonly signal: string;
  /** `si_code`, for instance `'SEGV_MAPERR'`. */
  readonly code: string;
  /** `si_addr`. */
  readonly address: bigint;
  /** What was tried. */
  readonly access: 'read' | 'write' | 'execute';
  /** The page walk of the address, level by level. */
  readonly walk: Walk | null;

  constructor(signal: string, code: string, address: bigint, access: 'read' | 'write' | 'execute', walk: Walk | null, caused?: { readonly cause: unknown }) {
    super(`${access} of 0x${address.toString(16)}: ${signal} ${code}`, caused);
    this.signal = signal;
    this.code = code;
    this.address = address;
    this.access = access;
    this.walk = walk;
  }

  /** What `JSON.stringify` writes; the address in hexadecimal. */
  toJSON(): object {
    const { name, message, signal, code, access, walk } = this;
    return { name, message, signal, code, address: `0x${this.address.toString(16)}`, access, walk };
  }
}

/** The machine cannot be used any more: it was freed, or the emulator itself failed (a bug of ours). */
export class MachineStopped extends Error {
  override readonly name = 'MachineStopped';

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

/** The process that a handle means is not there: it has ended, or it was made after the state that was gone back to. */
export class ProcessGone extends Error {
  override readonly name = 'ProcessGone';
  /** Its number. */
  readonly pid: number;

  constructor(pid: number, why: string) {
    super(`process ${pid} ${why}`);
    this.pid = pid;
  }
}

/**
 * A call or access needs something of a file written in JavaScript that answers by a promise. Nothing of it has happened, but
 * that the file was asked: await {@link FaultPending.ready} and make it again, or use `p.async`, which does that.
 */
export class FaultPending extends Error {
  override readonly name = 'FaultPending';
  /** The file's name in the machine. */
  readonly path: string;
  /** What was asked of it. */
  readonly what: 'fault' | 'mkwrite' | 'mmap' | 'truncate' | 'writeback';
  /** The page that is needed; null where it is no single one. */
  readonly page: number | null;
  /** Resolves when it is worth trying again: there is an answer, or none is needed any more. Never rejects. */
  readonly ready: Promise<void>;

  constructor(path: string, what: FaultPending['what'], page: number | null, ready: Promise<void>) {
    super(`${path}: ${what}${page === null ? '' : ` of page ${page}`} is on its way: await ready and try again, or use p.async`);
    this.path = path;
    this.what = what;
    this.page = page;
    this.ready = ready;
    // A promise is no plain data.
    Object.defineProperty(this, 'ready', { enumerable: false });
  }

  /** What `JSON.stringify` writes. */
  toJSON(): object {
    const { name, message, path, what, page } = this;
    return { name, message, path, what, page };
  }
}

/** A call that was refused, as `p.try` gives it instead of throwing. */
export class Refusal {
  /** The symbol, for instance `'ENOMEM'`; of an access the signal, `'SIGSEGV'`. */
  readonly code: string;
  /** The number, positive; of a signal 0. */
  readonly errno: number;
  /** The call. */
  readonly syscall: string;
  /** The check that failed, in words. */
  readonly why: string;
  /** What the function of a file written in JavaScript threw, if that was why. */
  readonly cause?: unknown;

  constructor(syscall: string, code: string, errno: number, why: string, caused?: { readonly cause: unknown }) {
    if (caused) this.cause = caused.cause;
    this.syscall = syscall;
    this.code = code;
    this.errno = errno;
    this.why = why;
  }
}

/** Whether what `p.try` gave is a refusal. */
export const isRefusal = (value: unknown): value is Refusal => value instanceof Refusal;

/**
 * The host's memory that machines may take is used up. Nothing has happened: free machines or drop saved ones, or give
 * `createMachine` a larger `budget`.
 */
export class OutOfMemory extends Error {
  override readonly name = 'OutOfMemory';
  /** Bytes that are in use. */
  readonly used: number;
  /** Bytes that may be. */
  readonly budget: number;

  constructor(message: string, used: number, budget: number) {
    super(message);
    this.used = used;
    this.budget = budget;
  }
}

/** What is wrong with the bytes of a machine. */
export type ImageProblem = 'foreign' | 'damaged' | 'version' | 'files';

/** Bytes that are no machine that this build can take up again. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
  /** `foreign`: no machine at all; `damaged`: cut or changed; `version`: of another build of the core; `files`: written in JavaScript, which no bytes hold. */
  readonly problem: ImageProblem;

  constructor(problem: ImageProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

/** Why the compiled core could not be loaded. */
export type LoadProblem = 'missing' | 'not-wasm' | 'forbidden' | 'permission' | 'failed';

/** The compiled core, `pagefault.wasm`, could not be loaded. The message says what to do. */
export class LoadError extends Error {
  override readonly name = 'LoadError';
  /** `missing`: nothing is there; `not-wasm`: something else is; `forbidden`: a Content-Security-Policy; `permission`: the runtime's. */
  readonly problem: LoadProblem;

  constructor(problem: LoadProblem, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.problem = problem;
  }
}

/** A script that cannot be parsed or run as written. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
  /** What is wrong, line by line. */
  readonly errors: readonly ScriptErrorPlace[];

  constructor(errors: readonly ScriptErrorPlace[]) {
    super(errors.map((error) => error.message).join('\n'));
    this.errors = errors;
  }
}

/** One mistake in a script. Lines and columns count from 1. */
export interface ScriptErrorPlace {
  readonly line: number;
  readonly column: number;
  readonly found: string;
  readonly expected: string;
  readonly message: string;
}

/** A page walk. */
export interface Walk {
  readonly addr: string;
  readonly cr3: number;
  readonly offset: number;
  readonly physical: string | null;
  /** In the TLB for reading, writing, executing. */
  readonly tlb: readonly [boolean, boolean, boolean];
  readonly bytes: readonly number[];
  readonly levels: readonly WalkLevel[];
}

/** One level of a walk. */
export interface WalkLevel {
  readonly name: 'PGD' | 'PUD' | 'PMD' | 'PTE';
  readonly index: number;
  readonly table: number;
  readonly entry: string;
  readonly letters: string;
  readonly present: boolean;
  readonly pfn: number | null;
  readonly note: string;
}
