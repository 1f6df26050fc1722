/** The bytes of a page, and whether anybody knows them. */
import type { FrameDetail, ScriptSession } from '../../lib/index.ts';

const PAGE = 4096;

/** All bytes of a page that is present; null otherwise. A walk tells those from its address on. */
export function bytesOf(session: ScriptSession, pid: number, addr: bigint): Uint8Array | null {
  const start = addr & ~0xfffn;
  const bytes = new Uint8Array(PAGE);
  for (let at = 0; at < PAGE;) {
    const walk = session.walk(pid, start + BigInt(at));
    if (!walk?.physical || walk.bytes.length === 0) return at === 0 ? null : bytes;
    bytes.set(walk.bytes.slice(0, PAGE - at), at);
    at += walk.bytes.length;
  }
  return bytes;
}

/** Files of which a script says what stands in them. */
export function filesWithContent(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/^\s*@file\s+"([^"\n]+)"[^\n]*\bcontent=/gm)].map(([, name]) => name!));
}

/** Whether what stands in a page came from a file of which nobody said what is in it. Zeros are no filler: a hole reads so. */
export function isFiller(name: string, frame: FrameDetail | null, bytes: Uint8Array | null, known: ReadonlySet<string>): boolean {
  const isOfFile = name.startsWith('/') && !/^\/(?:memfd:|dev\/|SYSV|anon_hugepage)/.test(name) && !name.endsWith(' (deleted)');
  if (!isOfFile || !frame || !bytes || known.has(name)) return false;
  return frame.kind === 'file' && !frame.flags.includes('dirty') && bytes.some((byte) => byte !== 0);
}
