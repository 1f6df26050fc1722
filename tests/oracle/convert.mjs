// Turns recordings of the real kernel into the script language.
//   node tests/oracle/convert.mjs FILE.jsonl OUTDIR      hand-written and random programs, one script each
//   node tests/oracle/convert.mjs NAME.mm.jsonl OUT      a real program with its page faults
//   node tests/oracle/convert.mjs NAME.strace OUT        a strace log with the maps beside it
import { readFileSync, writeFileSync, mkdirSync, existsSync } from 'node:fs';
import { basename, join } from 'node:path';

const PERSONALITIES = [
  [0x0040000, 'ADDR_NO_RANDOMIZE'], [0x0100000, 'MMAP_PAGE_ZERO'], [0x0200000, 'ADDR_COMPAT_LAYOUT'], [0x0400000, 'READ_IMPLIES_EXEC'],
];
const RLIMITS = { 2: 'RLIMIT_DATA', 3: 'RLIMIT_STACK', 4: 'RLIMIT_CORE', 7: 'RLIMIT_NOFILE', 8: 'RLIMIT_MEMLOCK', 9: 'RLIMIT_AS' };
const SI_CODES = {
  SIGSEGV: { 1: 'SEGV_MAPERR', 2: 'SEGV_ACCERR', 4: 'SEGV_PKUERR', 128: 'SI_KERNEL' },
  SIGBUS: { 2: 'BUS_ADRERR', 4: 'BUS_MCEERR_AR' },
};
const quote = (text) => JSON.stringify(text).replaceAll('\\u00', '\\x');

/** One program of hand.jsonl or random.jsonl. */
export function convertProgram(program) {
  const lines = [`# ${program.name}: ${program.desc ?? 'random operations'}`];
  const { env, init, ops } = program;
  if (!env || !init?.maps || !Array.isArray(ops)) throw new Error('a program has a name, env, init with maps, and ops');
  const inode = (token) => program.inodes?.[token] ?? null;
  const line = (text) => resolveInode(text, inode);
  lines.push('@exact');
  // Of the machine that recorded it.
  lines.push('@sysctl read_ahead_kb 8192');
  if (env.uid) lines.push(`@uid ${env.uid}`);
  if (env.personality) lines.push(`@personality ${flagNames(env.personality | 0x40000)}`);
  for (const [resource, cur, max] of env.rlimits ?? []) {
    lines.push(`@rlimit ${rlimitName(resource)} ${limit(cur)} ${limit(max)}`);
  }
  for (const file of env.files ?? []) lines.push(fileLine(file, program));
  lines.push(...deviceLines(program), `@brk ${init.brk}`, `@stack ${init.rsp}`);
  for (const map of init.maps) lines.push(`@map ${line(map)}`);
  for (const run of init.pagemap) lines.push(presentLine(run));
  for (const op of ops) lines.push(...operation(op, line));
  for (const state of program.final ?? []) lines.push(...finalState(state, line));
  return lines.join('\n') + '\n';
}

/** What a process that lives at the end has then. */
function finalState(state, line) {
  const process = state.p ? `[${state.p + 1}] ` : '';
  const text = state.maps.map((map) => `  > maps | ${line(map)}`);
  return [`${process}snap()`, ...expectations({ op: 'snap', ...state, st: state.status, maps: [] }, line), `${process}maps()`, ...text];
}

function flagNames(value) {
  const names = PERSONALITIES.filter(([bit]) => value & bit).map(([, name]) => name);
  return names.length ? names.join('|') : '0';
}

function rlimitName(resource) {
  if (typeof resource === 'string' && !/^\d|^0x/.test(resource)) return resource.replace('RLIMIT_', '');
  return (RLIMITS[Number(resource)] ?? `RLIMIT_${resource}`).replace('RLIMIT_', '');
}

function limit(value) {
  const number = BigInt(value);
  return number < 0n || number === 0xffffffffffffffffn ? 'unlimited' : `0x${number.toString(16)}`;
}

function resolveInode(text, inode) {
  return text.replace(/ (#\d+)( |$)/, (_, token, after) => ` ${token === '#0' ? 0 : (inode(token)?.[1] ?? 0)}${after}`);
}

function fileLine(file, program) {
  const path = `/T/${file.name}`;
  const number = inodeOf(program, path);
  const content = file.chunk === 0 ? 'content=zeros' : `pattern=${quote(file.name)}`;
  const size = `size=${file.size} mode=0${(file.mode ?? 0o644).toString(8)} owner=${file.owner ?? 0}`;
  return `@file ${quote(path)} ${size} ${content} folio=${file.chunk ?? 4096}${file.chunk === 0 ? ' cached=no' : ''}${number ? ` inode=${number}` : ''}`;
}

/** Devices whose inode numbers show in maps. */
function deviceLines(program) {
  const found = JSON.stringify(program).match(/ (#\d+) \/dev\/zero"/);
  const number = found && program.inodes?.[found[1]]?.[1];
  return number ? [`@file "/dev/zero" kind=zero mode=0666 inode=${number}`] : [];
}

function inodeOf(program, path) {
  const found = JSON.stringify(program).match(new RegExp(` (#\\d+) ${path}"`));
  return found ? program.inodes?.[found[1]]?.[1] : undefined;
}

function presentLine(run) {
  const [range, flags] = run.split(' ');
  const [start, end] = range.split('-');
  return `@present 0x${start} 0x${end} ${flags.includes('F') ? 'read' : 'written'}`;
}

/** Letters of what is written that a script spells out; counts in recordings may be any number. */
const MOST_WRITTEN = 1 << 20;

/** An operation as a statement with what was observed. */
function operation(op, line) {
  const process = op.p ? `[${op.p + 1}] ` : '';
  const args = op.a ?? [];
  const lines = [];
  const result = resultOf(op);
  const call = (name, list) => lines.push(`${process}${name}(${list.join(', ')})${result}`);
  switch (op.op) {
    case 'r': call('load', args); break;
    case 'w': call('store', [args[0], args[1] ?? '0']); break;
    case 'x': call('execute', args); break;
    case 'rr': call('touch_read', args); break;
    case 'ww': call('touch_write', [args[0], args[1], args[3] ?? args[2], args[3] ? args[2] : '0']); break;
    case 'open': call('open', [quote(pathOf(op.name)), ...args]); break;
    case 'unlink': call('unlink', [quote(pathOf(op.name))]); break;
    case 'memfd_create': call('memfd_create', [quote(unescape8(op.name)), ...args]); break;
    case 'pwrite': call('pwrite64', [args[0], quote(String.fromCharCode(Number(args[3])).repeat(Math.min(Math.max(0, Number(args[2])), MOST_WRITTEN))).replace(/\\u00/g, '\\x'), args[2], args[1]]); break;
    case 'preadto': call('preadto', args); break;
    case 'pwritefrom': call('pwritefrom', args); break;
    case 'rlimit': call('setrlimit', [RLIMITS[Number(args[0])] ?? args[0], `{rlim_cur=${args[1]}, rlim_max=${args[2]}}`]); break;
    case 'rep': call('repeat', [op.count, op.stride, quote(op.what), ...args]); break;
    case 'mincore': call('mincore', args.slice(0, args[2] === '-' ? 2 : 3)); break;
    case 'fork': lines.push(`${process}fork()${op.child === undefined ? result : ` = ${op.child + 1}`}`); break;
    case 'setname': call('prctl', ['PR_SET_VMA', 'PR_SET_VMA_ANON_NAME', ...args.slice(0, 2), quote(unescape8(op.name ?? String(args[2] ?? 'x')))]); break;
    case 'pmadvise': {
      // The recorder opens a descriptor of the process for the call and closes it again.
      const [target, advice, flags, ...pieces] = args;
      const vector = [];
      for (let i = 0; i + 1 < pieces.length; i += 2) vector.push(`{iov_base=${pieces[i]}, iov_len=${pieces[i + 1]}}`);
      lines.push(`${process}pidfd = pidfd_open(${Number(target) + 1}, 0)`);
      call('process_madvise', ['pidfd', `[${vector.join(', ')}]`, vector.length, advice, flags]);
      lines.push(...expectations(op, line), `${process}close(pidfd)`);
      return lines;
    }
    case 'quiet': lines.push(`${process}quiet(${Number(args[0] ?? 0)})`); break;
    case 'maps': case 'snap': case 'pagemap': case 'nmaps': lines.push(`${process}${op.op}()`); break;
    default:
      // Whatever else it is, the replay says of this one program that it does not know the call.
      if (!/^\w+$/.test(op.op ?? '')) throw new Error(`operation ${JSON.stringify(op.op)} of ${op.i} is none`);
      call(op.op, args.map((a) => (a === '$shm' ? 'shm' : a)));
      if (op.r === '$shm') lines[lines.length - 1] = `${process}shm = ${op.op}(${args.join(', ')})`;
  }
  return [...lines, ...expectations(op, line)];
}

/** Files are named in the recorder's folder, others from the root. */
function pathOf(name) {
  const path = unescape8(name);
  return path.startsWith('/') ? path : `/T/${path}`;
}

const unescape8 = (name) => decodeURIComponent(name ?? '');

function resultOf(op) {
  if (op.sig) {
    const code = SI_CODES[op.sig.n]?.[op.sig.code] ?? '';
    const count = op.n === undefined ? '' : `${op.n} `;
    return ` = ${count}${op.sig.n} ${code} ${op.sig.addr}`;
  }
  if (op.e && op.n !== undefined) return ` = ${op.n} -1 ${op.e}`;
  if (op.e) return ` = -1 ${op.e}`;
  if (op.v !== undefined) return ` = ${op.v}`;
  if (op.op === 'w' || op.op === 'x') return ` = ${op.op === 'w' ? 1 : 0}`;
  if (op.n !== undefined) return ` = ${op.n}`;
  if (op.exited !== undefined) return ' = ?';
  return op.r === undefined || op.r === '$shm' ? '' : ` = ${op.r}`;
}

function expectations(op, line) {
  const lines = [];
  const expect = (text) => lines.push(`  > ${text}`);
  // The recorder did not count the faults of a fetch.
  if (op.op === 'x') expect('minflt ?');
  else if (op.mf) expect(`minflt ${op.mf}`);
  if (op.Mf) expect(`majflt ${op.Mf}`);
  if (op.vec !== undefined) expect(`mincore ${op.vec}`);
  const status = (fields) => Object.entries(fields).map(([name, kb]) => `${name} ${kb}`).join(' ');
  if (op.st) expect(`status ${status(op.st)}`);
  if (op.cst) expect(`[${op.child + 1}] status ${status(op.cst)}`);
  for (const [p, fields] of Object.entries(op.ost ?? {})) expect(`[${Number(p) + 1}] status ${status(fields)}`);
  const changes = (who, d) => {
    for (const start of d['-'] ?? []) expect(`${who}maps - ${start}`);
    for (const text of d['+'] ?? []) expect(`${who}maps + ${line(text)}`);
  };
  if (op.d) changes('', op.d);
  if (op.cd) changes(`[${op.child + 1}] `, op.cd);
  for (const text of op.maps ?? []) expect(`maps | ${line(text)}`);
  if (op.op === 'nmaps') expect(`nmaps ${Number(op.r)}`);
  if (op.op === 'pagemap') lines.push(...pagemapLines(op));
  // The recorder itself breaks copy-on-write of the stub's page: its counters are not the program's.
  for (const area of (op.smaps ?? []).filter(({ v }) => !v.startsWith('400000-'))) {
    const fields = Object.entries(area).filter(([name, kb]) => typeof kb === 'number' && name !== 'Referenced');
    expect(`smaps ${area.v} ${fields.map(([name, kb]) => `${name} ${kb}`).join(' ')} VmFlags: ${area.VmFlags}`.replace(/ +/g, ' '));
  }
  if (op.op === 'snap') for (const run of (op.pagemap ?? []).filter((run) => !run.startsWith('400000-'))) expect(`pagemap ${run}`);
  return lines;
}

function pagemapLines(op) {
  if ((op.pagemap ?? []).length) return op.pagemap.map((run) => `  > pagemap ${run}`);
  const start = BigInt(op.a[0]);
  return [`  > pagemap ${start.toString(16)}-${(start + BigInt(op.a[1]) * 4096n).toString(16)}`];
}

/** A recording of a real program with all its page faults. */
export function convertMm(text, name) {
  const records = text.trim().split('\n').map((l) => JSON.parse(l));
  const lines = [`# ${name}: every memory call and page fault of a real program, recorded on Linux 6.18`, '@log yes', '@written none', '@ram 512M'];
  const first = records.find((r) => r.ev === 'exec');
  const known = new Map();
  for (const r of records) if (r.f && r.fsize !== undefined && r.ev === 'sys') known.set(r.f, Math.max(known.get(r.f) ?? 0, r.fsize));
  for (const [path, size] of known) lines.push(`@file ${quote(path)} size=${size}${inodeIn(records, path)}`);
  lines.push(`@pid ${first.t}`, `@name ${quote(basename(first.exe))}`, ...execLines(first, '@'));
  // Threads share their process's address space: records carry the number of the space.
  const owner = new Map([[first.m, first.t]]);
  const realPath = realPaths(records);
  let seenFirst = false;
  records.forEach((r, index) => {
    const pid = owner.get(r.m) ?? r.t;
    if (r.ev === 'exec') {
      owner.set(r.m, r.t);
      if (seenFirst) lines.push(`${r.t} execve(${quote(r.exe)}, [], 0) = 0`, ...execLines(r, '  < '));
      seenFirst = true;
    } else if (r.ev === 'clone') {
      const shares = Number(r.flags) & 0x100;
      if (!shares) owner.set(r.cm, r.child);
      if (!shares) lines.push(`${pid} clone(child_stack=NULL, flags=${r.flags}) = ${r.child}`);
    } else if (r.ev === 'sys') {
      const text = realCall(r, realPath.get(index));
      if (text) lines.push(`${pid} ${text}`);
      if (text && r.d) lines.push(...changesOf(r.d));
    } else if (r.ev === 'pf') {
      for (const fault of r.f) lines.push(`${pid} ${faultCall(fault)}`);
    } else if (r.ev === 'end') {
      lines.push(`${pid} exit_group(0) = ?`, ...r.maps.trimEnd().split('\n').map((l) => `  > maps | ${l.trimEnd()}`));
    }
  });
  return lines.join('\n') + '\n';
}

function changesOf(d) {
  const gone = (d['-'] ?? []).map((start) => `  > maps - ${start}`);
  return [...gone, ...(d['+'] ?? []).map((line) => `  > maps + ${line}`)];
}

/** The real path behind a descriptor is only known where it is mapped: carry it back to the open. */
function realPaths(records) {
  const paths = new Map();
  records.forEach((r, index) => {
    if (r.ev !== 'sys' || r.n !== 'mmap' || !r.f) return;
    const fd = Number(BigInt(r.a[4]) & 0xffffffffn);
    for (let at = index - 1; at >= 0; at--) {
      const o = records[at];
      if (o.ev === 'sys' && o.m === r.m && o.n.startsWith('open') && o.r !== undefined && Number(o.r) === fd) {
        paths.set(at, r.f);
        break;
      }
    }
  });
  return paths;
}

function inodeIn(records, path) {
  for (const r of records) {
    const texts = [...(r.d?.['+'] ?? []), ...(r.maps ? r.maps.split('\n') : [])];
    for (const text of texts) {
      const [, , , dev, ino, ...rest] = text.split(/\s+/);
      if (rest.join(' ') === path && dev) return ` inode=${ino}`;
    }
  }
  return '';
}

function execLines(record, prefix) {
  const own = prefix === '@' ? '@' : prefix;
  const lines = [`${own}brk ${record.start_brk}`, `${own}stack ${record.start_stack}`];
  if (record.start_data) lines.push(`${own}data ${record.start_data} ${record.end_data}`);
  for (const map of record.maps.trimEnd().split('\n')) lines.push(`${own}map ${map.trimEnd()}`);
  for (const run of record.pagemap ?? []) {
    const [range, flags] = run.split(' ');
    const how = flags.includes('F') ? 'read' : 'written';
    const [start, end] = range.split('-');
    lines.push(prefix === '@' ? `@present 0x${start} 0x${end} ${how}` : `${prefix}present ${range} ${how}`);
  }
  return lines;
}

function realCall(r, path) {
  const int = (a) => a;
  const failed = r.e ? `-1 ${r.e}` : r.r;
  const args = (r.a ?? []).map(int);
  switch (r.n) {
    case 'openat': return r.e ? null : `openat(AT_FDCWD, ${quote(path ?? r.s)}, ${args[2]}, ${args[3]}) = ${failed}`;
    case 'unlink': return `unlink(${quote(r.s)}) = ${failed}`;
    case 'prlimit64': case 'execve': case 'clone': case 'clone3': case 'exit_group': case 'exit': return null;
    default: return `${r.n}(${args.join(', ')}) = ${failed}`;
  }
}

function faultCall(fault) {
  const [, page, flags] = fault.match(/^([0-9a-f]+?)([wxpk]*)$/);
  const addr = `0x${page}000`;
  if (flags.includes('x')) return `execute(${addr})`;
  return flags.includes('w') ? `touch_write(${addr}, 1, 0, 0)` : `touch_read(${addr}, 1, 0)`;
}

/** A strace log and the maps of the same run. */
export function convertStrace(log, dumps, name) {
  const lines = [`# ${name}: a strace -f log, with the maps right after execve and right before exit`, '@log yes', '@ram 512M'];
  const starts = new Map();
  const ends = new Map();
  for (const dump of dumps) (dump.when === 'first' ? starts : ends).set(dump.pid, [...((dump.when === 'first' ? starts : ends).get(dump.pid) ?? []), dump]);
  const source = log.split('\n');
  const firstPid = dumps.find((d) => d.when === 'first').pid;
  // The log holds the start of setarch too: begin at the last execve before the first dump.
  const isExec = (l) => new RegExp(`^${firstPid} +(execve\\(.*= 0|<\\.\\.\\. execve resumed>.*= 0)`).test(l);
  const execs = source.map((l, i) => (isExec(l) ? i : -1)).filter((i) => i >= 0);
  const begin = execs[execs.length - (starts.get(firstPid) ?? []).length];
  lines.push(`@pid ${firstPid}`);
  const head = starts.get(firstPid).shift();
  lines.push(...execLines({ ...head, pagemap: head.pagemap ?? [] }, '@'));
  for (const text of source.slice(begin + 1)) {
    const pid = Number(text.match(/^(\d+)/)?.[1]);
    if (/\bexit_group\(|\bexit\(/.test(text) && ends.get(pid)?.length) {
      const last = ends.get(pid).shift();
      lines.push(`${pid} maps() = 0`, ...last.maps.trimEnd().split('\n').map((l) => `  > maps ~ ${l.trimEnd()}`));
    }
    lines.push(text);
    const resumed = /(execve\(.*|execve resumed>.*)= 0( \(DELAYED\))?$/.test(text);
    if (resumed && starts.get(pid)?.length) lines.push(...execLines(starts.get(pid).shift(), '  < '));
  }
  return lines.join('\n') + '\n';
}

/** The scripts of a recording: their names and texts, or what is wrong with a program's record. */
export function convertFile(input) {
  const text = readFileSync(input, 'utf8');
  const name = basename(input).replace(/\..*/, '');
  if (input.endsWith('.mm.jsonl')) return [{ program: `${name}.pf`, text: convertMm(text, name) }];
  if (input.endsWith('.strace')) {
    const maps = `${input}-maps.json`;
    if (!existsSync(maps)) throw new Error(`${maps} is missing: it holds the maps of the run`);
    return [{ program: `${name}.pf`, text: convertStrace(text, JSON.parse(readFileSync(maps, 'utf8')).dumps, name) }];
  }
  return text.trim().split('\n').map((line, index) => {
    try {
      const program = JSON.parse(line);
      return { program: `${program.name}.pf`, text: convertProgram(program) };
    } catch (error) {
      return { program: `line ${index + 1}`, error: error.message };
    }
  });
}

function main([input, output]) {
  if (!input || !output) {
    console.error('usage: node tests/oracle/convert.mjs RECORDING OUTPUT');
    process.exit(2);
  }
  const scripts = convertFile(input);
  if (!input.endsWith('.jsonl') || input.endsWith('.mm.jsonl')) return writeFileSync(output, scripts[0].text);
  mkdirSync(output, { recursive: true });
  for (const { program, text, error } of scripts) {
    if (error) throw new Error(`${input}, ${program}: ${error}`);
    writeFileSync(join(output, program), text);
  }
}

if (process.argv[1] && import.meta.url.endsWith(basename(process.argv[1]))) main(process.argv.slice(2));
