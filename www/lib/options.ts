/** What a machine and a process are made from, and how the core reads it: as the settings at the head of a script. */
import type { AddressLike, LengthLike } from './address.ts';
import * as check from './check.ts';
import { PERSONALITY, RLIM_INFINITY, RLIMIT } from './constants.ts';

/** Settings of the kernel that can be changed while it runs, by their names under `/proc/sys`; the last two are a policy of reading. */
export interface Sysctls {
  readonly 'vm.max_map_count'?: number;
  /** 0 guess, 1 always, 2 never. */
  readonly 'vm.overcommit_memory'?: number;
  /** Percent. */
  readonly 'vm.overcommit_ratio'?: number;
  readonly 'vm.admin_reserve_kbytes'?: number;
  readonly 'vm.user_reserve_kbytes'?: number;
  readonly 'vm.mmap_min_addr'?: number;
  /** What a fault on a page that is not cached reads around it, in KiB; 0 by default. */
  readonly read_ahead_kb?: number;
  readonly fault_around_bytes?: number;
}

/** How the kernel was built and what its processor can; all off by default. */
export interface KernelConfig {
  /** Areas may have names (`PR_SET_VMA_ANON_NAME`). */
  readonly ANON_VMA_NAME?: boolean;
  readonly MEM_SOFT_DIRTY?: boolean;
  /** Protection keys. */
  readonly PKU?: boolean;
  /** Five levels of page tables. */
  readonly LA57?: boolean;
}

/** What a machine is made from. */
export interface MachineOptions {
  /** Simulated RAM, 64 KiB to 2 GiB; 64 MiB by default. */
  readonly ram?: LengthLike;
  /** The `MemTotal` that overcommit speaks of, which may be another than the RAM. */
  readonly memTotal?: LengthLike;
  /** The `SwapTotal` that overcommit counts. Nothing is swapped. */
  readonly swap?: LengthLike;
  /** `vm.max_map_count`. */
  readonly maxMapCount?: number;
  /** `vm.overcommit_memory`: 0 guess, 1 always, 2 never. */
  readonly overcommit?: 0 | 1 | 2;
  /** The security module's own `mmap_min_addr`. */
  readonly lsmMmapMinAddr?: LengthLike;
  readonly sysctl?: Sysctls;
  readonly config?: KernelConfig;
  /** The number of the first process; 1 by default. */
  readonly pid?: number;
  /** Files that exist at the start. */
  readonly files?: readonly FileOptions[];
}

/** A file that exists at the start. */
export interface FileOptions {
  readonly path: string;
  /** Bytes, or a text in UTF-8. Without it the file holds a pattern that tells pages apart. */
  readonly content?: string | Uint8Array | ArrayBuffer;
  /** In bytes; that of the content by default. What is longer than the content is zeros. */
  readonly size?: LengthLike;
  /** Permission bits; 0o644 by default. */
  readonly mode?: number;
  /** User who owns it; 0 by default. */
  readonly owner?: number;
  /** `'disk'` by default. */
  readonly kind?: 'disk' | 'memory' | 'directory' | 'zero' | 'null' | 'stream';
  /** In the page cache already; true by default. */
  readonly cached?: boolean;
  /** What its pattern is made of; the path by default. `null` is zeros. */
  readonly pattern?: string | null;
  /** Its number, and the device as maps writes it. */
  readonly inode?: number;
  readonly device?: string;
}

/** A limit: soft and hard alike, or each. */
export type LimitLike = AddressLike | readonly [soft: AddressLike, hard: AddressLike];

/** What a process starts with. */
export interface SpawnOptions {
  readonly name?: string;
  /** Effective user; 0 by default. */
  readonly uid?: number;
  /** Names such as `'IPC_LOCK'`; by default root has all but `SYS_RESOURCE`, others none. */
  readonly capabilities?: readonly string[];
  /** Bits of `PERSONALITY`; `ADDR_NO_RANDOMIZE` by default. */
  readonly personality?: number;
  readonly limits?: Readonly<Partial<Record<'AS' | 'DATA' | 'STACK' | 'CORE' | 'FSIZE' | 'NOFILE' | 'MEMLOCK', LimitLike>>>;
  /** A seed for the random layout; 0, the default, is none. The same seed is the same layout. */
  readonly aslr?: AddressLike;
  /** The text of `/proc/PID/maps` to start with instead of the usual program. */
  readonly maps?: string;
  /** Where the heap begins. */
  readonly brk?: AddressLike;
  /** The initial stack pointer. */
  readonly stack?: AddressLike;
  /** Start and end of initialised data. */
  readonly data?: readonly [start: AddressLike, end: AddressLike];
  /** Pages that are present from the start. */
  readonly present?: readonly { readonly start: AddressLike; readonly end: AddressLike; readonly written?: boolean }[];
}

const INT = 0x7fff_ffff;
const SAFE = Number.MAX_SAFE_INTEGER;
const MACHINE = ['ram', 'memTotal', 'swap', 'maxMapCount', 'overcommit', 'lsmMmapMinAddr', 'sysctl', 'config', 'pid', 'files', 'wasm', 'budget', 'isolate'];
const SYSCTL: readonly (keyof Sysctls)[] = ['vm.max_map_count', 'vm.overcommit_memory', 'vm.overcommit_ratio', 'vm.admin_reserve_kbytes', 'vm.user_reserve_kbytes', 'vm.mmap_min_addr', 'read_ahead_kb', 'fault_around_bytes'];
const CONFIG: readonly (keyof KernelConfig)[] = ['ANON_VMA_NAME', 'MEM_SOFT_DIRTY', 'PKU', 'LA57'];
const FILE = ['path', 'content', 'size', 'mode', 'owner', 'kind', 'cached', 'pattern', 'inode', 'device'];
const KINDS = ['disk', 'memory', 'directory', 'zero', 'null', 'stream'];
const SPAWN = ['name', 'uid', 'capabilities', 'personality', 'limits', 'aslr', 'maps', 'brk', 'stack', 'data', 'present'];
const LIMITS = ['AS', 'DATA', 'STACK', 'CORE', 'FSIZE', 'NOFILE', 'MEMLOCK'];
const CAPABILITIES = ['SYS_PTRACE', 'SYS_RAWIO', 'IPC_LOCK', 'IPC_OWNER', 'DAC_OVERRIDE', 'SYS_ADMIN', 'SYS_RESOURCE', 'SYS_NICE', 'FOWNER'];
/** RAM that a machine may have, in bytes. */
const RAM = [64 << 10, 2 * 2 ** 30] as const;
/** RAM unless a machine is given some. */
export const USUAL_RAM = 64 << 20;

function flag(call: string, argument: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw check.wrongType(call, argument, value, 'true or false');
  return value;
}

/** A text as scripts write it. */
function quoted(text: string): string {
  let out = '';
  for (const byte of new TextEncoder().encode(text)) out += byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  return `"${out}"`;
}

/** A file's line and what it holds. */
export interface FileSetting {
  readonly line: string;
  readonly content: Uint8Array | undefined;
}

/** The settings of a machine, its RAM in bytes, and its files. */
export function machineSettings(given: MachineOptions): { readonly text: string; readonly ram: number; readonly files: readonly FileSetting[] } {
  const call = 'createMachine';
  const { ram, memTotal, swap, maxMapCount, overcommit, lsmMmapMinAddr, sysctl, config, pid, files } = check.options<MachineOptions>(call, given, MACHINE);
  if (files !== undefined && !Array.isArray(files)) throw check.wrongType(call, 'files', files, 'an array');
  const bytes = ram === undefined ? USUAL_RAM : check.bytes(call, 'ram', ram, ...RAM);
  const lines = [`@ram ${bytes}`];
  const sizes = [['memtotal', 'memTotal', memTotal, 4096], ['swap', 'swap', swap, 0], ['lsm_mmap_min_addr', 'lsmMmapMinAddr', lsmMmapMinAddr, 0]] as const;
  for (const [name, argument, value, least] of sizes) if (value !== undefined) lines.push(`@${name} ${check.bytes(call, argument, value, least, SAFE)}`);
  if (sysctl !== undefined) {
    for (const [name, value] of Object.entries(check.options<Sysctls>(`${call}, sysctl`, sysctl, SYSCTL))) {
      if (value !== undefined) lines.push(`@sysctl ${name} ${check.integer(`${call}, sysctl`, name, value, 0, name === 'vm.overcommit_memory' ? 2 : SAFE)}`);
    }
  }
  if (maxMapCount !== undefined) lines.push(`@sysctl vm.max_map_count ${check.integer(call, 'maxMapCount', maxMapCount, 0, INT)}`);
  if (overcommit !== undefined) lines.push(`@sysctl vm.overcommit_memory ${check.integer(call, 'overcommit', overcommit, 0, 2)}`);
  if (config !== undefined) {
    for (const [name, value] of Object.entries(check.options<KernelConfig>(`${call}, config`, config, CONFIG))) {
      if (value !== undefined) lines.push(`@config ${name} ${flag(`${call}, config`, name, value) ? 'yes' : 'no'}`);
    }
  }
  if (pid !== undefined) lines.push(`@pid ${check.integer(call, 'pid', pid, 1, 1 << 22)}`);
  return { text: lines.join('\n'), ram: bytes, files: (files ?? []).map(fileSetting) };
}

function fileSetting(given: FileOptions, at: number): FileSetting {
  const call = `createMachine, files[${at}]`;
  const { path, content, size, mode, owner, kind, cached, pattern, inode, device } = check.options<FileOptions>(call, given, FILE);
  if (check.text(call, 'path', path) === '') throw check.outOfRange(call, 'path', path, 'a name');
  const bytes = content === undefined ? undefined : check.contents(call, 'content', content);
  if (bytes && bytes.length > 0x4000_0000) throw check.outOfRange(call, 'content', `${bytes.length} bytes`, 'at most 1 GiB');
  const words = [`@file ${quoted(path)}`];
  const word = (name: string, value: unknown) => { if (value !== undefined) words.push(`${name}=${String(value)}`); };
  word('size', size === undefined ? bytes?.length : check.bytes(call, 'size', size, 0, SAFE));
  word('mode', mode === undefined ? undefined : check.integer(call, 'mode', mode, 0, 0o7777));
  word('owner', owner === undefined ? undefined : check.integer(call, 'owner', owner, 0, 0xffff_fffe));
  if (kind !== undefined && !KINDS.includes(kind)) throw check.outOfRange(call, 'kind', kind, `one of ${KINDS.join(', ')}`);
  word('kind', kind);
  word('cached', cached === undefined ? undefined : flag(call, 'cached', cached) ? 'yes' : 'no');
  if (pattern === null) word('content', 'zeros');
  else word('pattern', pattern === undefined ? undefined : quoted(check.text(call, 'pattern', pattern)));
  word('inode', inode === undefined ? undefined : check.integer(call, 'inode', inode, 0, SAFE));
  if (device !== undefined && !/^[0-9a-f]{1,8}:[0-9a-f]{1,8}$/i.test(check.text(call, 'device', device))) throw check.outOfRange(call, 'device', device, "a device such as '08:01'");
  word('device', device === undefined ? undefined : quoted(device));
  return { line: words.join(' '), content: bytes };
}

/** The settings of a process. */
export function spawnSettings(given: SpawnOptions): string {
  const call = 'spawn';
  const { name = 'program', uid = 0, capabilities, personality = PERSONALITY.ADDR_NO_RANDOMIZE, limits, aslr, maps, brk, stack, data, present } = check.options<SpawnOptions>(call, given, SPAWN);
  const address = (argument: string, value: unknown) => `0x${check.word(call, argument, value).toString(16)}`;
  const lines = [`@name ${quoted(check.text(call, 'name', name))}`, `@uid ${check.integer(call, 'uid', uid, 0, 0xffff_fffe)}`, `@personality ${check.integer(call, 'personality', personality, 0, 0xffff_ffff)}`];
  if (capabilities !== undefined) {
    if (!Array.isArray(capabilities)) throw check.wrongType(call, 'capabilities', capabilities, 'an array of names');
    for (const each of capabilities) if (!CAPABILITIES.includes(String(each).replace(/^CAP_/, ''))) throw check.outOfRange(call, 'capabilities', each, `one of ${CAPABILITIES.join(', ')}`);
    lines.push(`@capabilities ${capabilities.length === 0 ? 'none' : capabilities.join(',')}`);
  }
  if (limits !== undefined) {
    for (const [resource, limit] of Object.entries(check.options<object>(`${call}, limits`, limits, LIMITS))) {
      if (limit === undefined) continue;
      const [soft, hard] = pair(`${call}, limits`, resource, limit);
      const most = resource === 'NOFILE' ? 1n << 20n : RLIM_INFINITY;
      if (hard > most || soft > hard) throw check.outOfRange(`${call}, limits`, resource, soft > hard ? soft : hard, soft > hard ? 'a soft limit below the hard one' : `at most ${most}`);
      lines.push(`@rlimit ${resource} ${soft} ${hard}`);
    }
  }
  if (aslr !== undefined) lines.push(`@aslr ${address('aslr', aslr)}`);
  if (maps !== undefined) for (const line of check.text(call, 'maps', maps).split('\n')) if (line.trim() !== '') lines.push(`@map ${line.trim()}`);
  if (brk !== undefined) lines.push(`@brk ${address('brk', brk)}`);
  if (stack !== undefined) lines.push(`@stack ${address('stack', stack)}`);
  if (data !== undefined) {
    if (!Array.isArray(data) || data.length !== 2) throw check.wrongType(call, 'data', data, 'an array of a start and an end');
    lines.push(`@data ${address('data[0]', data[0])} ${address('data[1]', data[1])}`);
  }
  if (present !== undefined) {
    if (!Array.isArray(present)) throw check.wrongType(call, 'present', present, 'an array of { start, end, written }');
    for (const [i, each] of present.entries()) {
      const { start, end, written } = check.options<{ start: AddressLike; end: AddressLike; written?: boolean }>(`${call}, present[${i}]`, each, ['start', 'end', 'written']);
      lines.push(`@present ${address(`present[${i}].start`, start)} ${address(`present[${i}].end`, end)} ${written === true ? 'written' : 'touched'}`);
    }
  }
  return lines.join('\n');
}

/** Soft and hard limit. */
export function pair(call: string, argument: string, limit: unknown): readonly [bigint, bigint] {
  if (!Array.isArray(limit)) {
    const both = check.word(call, argument, limit);
    return [both, both];
  }
  if (limit.length !== 2) throw check.wrongType(call, argument, limit, 'a limit, or an array of a soft and a hard one');
  return [check.word(call, `${argument}[0]`, limit[0]), check.word(call, `${argument}[1]`, limit[1])];
}

/** The number of a resource: a number of `RLIMIT` or its name. */
export function resourceOf(call: string, resource: unknown): number {
  return typeof resource === 'string' ? check.one(call, 'resource', resource, RLIMIT, 'RLIMIT_') : check.integer(call, 'resource', resource, 0, 15);
}
