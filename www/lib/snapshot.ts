/** A machine at one moment, as plain data. Addresses are hexadecimal without `0x`. */
export interface Snapshot {
  readonly processes: readonly ProcessView[];
  readonly totalFrames: number;
  readonly freeFrames: number;
  /** Free blocks of 1, 2, 4 … 1,024 frames. */
  readonly freeBlocks: readonly number[];
  /** Frames in use, in order of number. */
  readonly frames: readonly FrameView[];
  readonly tlb: readonly { readonly addr: string; readonly access: 'read' | 'write' | 'execute' }[];
  /** TLB fills and flushes since the start. */
  readonly tlbCounts: readonly [number, number];
  /** The process that ran last. */
  readonly running: number | null;
}

/** A process in short. */
export interface ProcessBrief {
  readonly pid: number;
  /** How it ended, in words. */
  readonly ended: string | null;
  /** Resident pages. */
  readonly rss: number;
  readonly minFlt: number;
  readonly majFlt: number;
}

/** A process. */
export interface ProcessView {
  readonly pid: number;
  readonly parent: number | null;
  readonly name: string;
  /** How it ended, in words. */
  readonly ended: string | null;
  readonly vmas: readonly VmaView[];
  /** Resident pages. */
  readonly rss: number;
  readonly minFlt: number;
  readonly majFlt: number;
  /** Fields of `/proc/PID/status`, in KiB (which the kernel writes as kB). */
  readonly status: readonly (readonly [string, number])[];
  readonly cr3: number | null;
}

/** A virtual memory area. */
export interface VmaView {
  readonly start: string;
  readonly end: string;
  readonly pages: number;
  readonly perms: string;
  readonly flags: string;
  readonly name: string;
  /** The line of `/proc/PID/maps`. */
  readonly maps: string;
  readonly pgoff: string;
  /** `vm_file->f_op->mmap`. */
  readonly fileMmap: string | null;
  /** `vm_ops`; null is anonymous. */
  readonly ops: string | null;
  /** `vm_ops->fault`. */
  readonly fault: string | null;
  readonly anonVma: number | null;
  readonly chain: readonly number[];
  /** Pages that are not empty, at most 512. */
  readonly present: readonly PageView[];
  readonly presentCount: number;
}

/** What a page or a frame holds. */
export type PageKind = 'anon' | 'shared' | 'file' | 'zero' | 'guard' | 'marker' | 'kernel' | 'table' | 'free';

/** A page that is not empty. */
export interface PageView {
  /** Its number in the area. */
  readonly index: number;
  readonly pfn: number | null;
  readonly kind: PageKind;
  readonly letters: string;
  /** Its first bytes as far as they are printable, at most 3. */
  readonly text: string;
}

/** A frame with everybody who maps it: what its own books lead to. */
export interface FrameDetail extends FrameView {
  readonly mappers: readonly { readonly pid: number; readonly addr: string }[];
}

/** What is known of a frame. */
export interface FrameView {
  readonly pfn: number;
  readonly kind: PageKind;
  readonly refcount: number;
  readonly mapcount: number;
  readonly owner: string;
  readonly flags: readonly string[];
}
