/** What the core reads, the editor's grammar reads too. */
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildParserFile } from '@lezer/generator';
import { expect, test } from 'vitest';
import { parser } from './parser.ts';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Lines with something the grammar does not know. */
function errors(text: string): string[] {
  const found: string[] = [];
  parser.parse(text).iterate({
    enter: (node) => {
      if (!node.type.isError) return;
      const start = text.lastIndexOf('\n', node.from - 1) + 1;
      const end = text.indexOf('\n', node.from);
      found.push(text.slice(start, end < 0 ? text.length : end).slice(0, 160));
    },
  });
  return found;
}

function files(folder: string, suffix: string): string[] {
  return readdirSync(at(folder), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith(suffix)).map((path) => `${folder}/${path}`);
}

test('every script of the repository reads without an error', () => {
  const scripts = files('../../../tests/scripts', '.pf');
  expect(scripts.length).toBeGreaterThan(300);
  const wrong = scripts.flatMap((path) => errors(readFileSync(at(path), 'utf8')).map((line) => `${path}: ${line}`));
  expect(wrong).toEqual([]);
});

/** Logs of other programs, and of strace damaged on the way: the core knows them, the grammar does not. */
const FOREIGN: Record<string, string> = {
  'compose-prefix': 'a prefix', 'numbered-lines': 'a prefix', 'two-times': 'a prefix', 'byte-order-mark': 'a byte order mark',
  elided: 'lines that were cut out', 'wrapped-at-80': 'lines broken by a terminal',
  'cut-last-line': 'a line that ends in the middle', 'detached-by-ctrl-c': 'a message within a call', 'prompt-dollar': 'a prompt', 'unreadable-then-run': 'a prompt',
  'qemu-strace': 'of qemu', 'qemu-threads': 'of qemu', 'one-line': 'lines joined by \\n', 'one-line-quoted': 'lines joined by \\n', 'wrapped-by-backslash': 'lines broken by a backslash', 'i386-libc': 'a note of the tracer',
};

test('of logs, what is not strace\'s own is left to the core', () => {
  const logs = files('../../../tests/logs', '.strace');
  expect(logs.length).toBeGreaterThan(20);
  const wrong = logs.filter((path) => errors(readFileSync(at(path), 'utf8')).length > 0).map((path) => path.replace(/^.*\/|\.strace$/g, ''));
  expect(wrong.sort()).toEqual(Object.keys(FOREIGN).sort());
});

test('each form of a line', () => {
  const right = [
    '@ram 64M', '@file "/data" size=8K content="ab\\"c" # with a comment', '@personality ADDR_NO_RANDOMIZE|MMAP_PAGE_ZERO',
    '@map 555555554000-555555558000 r--p 00000000 fe:00 #247497 /usr/bin/l s = (deleted)', '[child] a = fork() = 12', '12 brk(NULL) = 0x1000',
    '[pid 12] brk(NULL)', 'a = mmap(NULL, 4K, PROT_READ|PROT_WRITE,\n  MAP_PRIVATE /* of its own */ | MAP_ANONYMOUS, -1, 0); // done', '> minflt ?',
    '  > [child] maps ~ 1000-2000 rw-p 00000000 00:00 0', '< present 1000-2000 written', 'on SIGSEGV mprotect(si_addr & -4096, 4K, 3); load(0);',
    'on SIGBUS default', 'on = mmap(NULL)', 'load(a, 2) = "\\x00\\""...', 'load(a) = SIGSEGV SEGV_MAPERR 0x0', 'touch_write(a, 16) = 3 SIGBUS',
    'repeat(16, 0, "pkey_alloc", 0, 0) = 11 -1 ENOSPC (No space left (on device))', 'mmap(a+4K*3, ~0 << 2, 3) = ?', 'process_madvise(2, [{iov_base=a, iov_len=4K}, {b, 1}], 1, 4, 0)',
    'close(3</usr/lib/x.so>) = 0 <0.000012>', 'mmap(NULL, 4096 <unfinished ...>', '<... mmap resumed>) = 0x1000', '+++ exited with 0 +++', '12 10:00:01.123 brk(NULL) = 0x1',
    'brk(NULL) != -1 ENOMEM', 'load(a, 4) >= 0x10 # so', 'b = mmap(NULL, 4K, 0, 34, -1, 0) in a-16K..a+4K', 'munmap(a, 3) = -1 ENOMEM or 0', 'brk(0) < a', 'in = brk(0)', '> status VmRSS +4 VmSize same RssAnon in 4..64 VmPTE >= 4', '> minflt <= 2',
    'fstat(fd).st_size = 8192', 'shmctl(i, IPC_STAT).shm_perm.mode != 0600', 'n = smaps(a+4K).Rss', 'status(VmRSS) same # as before', 'nmaps() +2', 'fstat(3).st_size -4K;',
  ];
  expect(right.filter((text) => errors(text).length > 0)).toEqual([]);
  const wrong = ['mmap(NULL', 'a = ', 'load(a]', '[child', 'a b', ')', 'load(a) b'];
  expect(wrong.filter((text) => errors(text).length === 0)).toEqual([]);
});

test('the parser is the one that the grammar makes', () => {
  const grammar = readFileSync(at('script.grammar'), 'utf8');
  const made = buildParserFile(grammar, { fileName: 'www/app/language/script.grammar', typeScript: true, moduleStyle: 'es', warn: () => {} });
  const old = 'npm run grammar';
  expect(readFileSync(at('parser.ts'), 'utf8').replaceAll(/\s/g, '') === made.parser.replaceAll(/\s/g, ''), old).toBe(true);
  expect(readFileSync(at('parser.terms.ts'), 'utf8').replaceAll(/\s/g, '') === made.terms.replaceAll(/\s/g, ''), old).toBe(true);
});

test('maps and smaps read without an error, and an address is one word', () => {
  const dumps = [...files('../../../tests/dumps', '.maps'), ...files('../../../tests/dumps', '.smaps')];
  expect(dumps.length).toBeGreaterThan(2);
  const own = dumps.filter((path) => /^[0-9a-f]{5,}-[0-9a-f]{5,} [rwxsp-]{4} /.test(readFileSync(at(path), 'utf8')));
  expect(own.length).toBeGreaterThan(1);
  expect(own.flatMap((path) => errors(readFileSync(at(path), 'utf8')).map((line) => `${path}: ${line}`))).toEqual([]);
  const text = '7f2299d22000-7f2299d24000 r--p 00000000 00:00 0                  [vvar]\nffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n55b112e2b000-55b112e2d000 r--p 00000000 fe:00 247030   /usr/bin/my cat (deleted)\nRss:       8 kB\nVmFlags: rd mr mw me\n';
  expect(errors(text)).toEqual([]);
  const found: string[] = [];
  parser.parse(text).iterate({ enter: (node) => void (/^(MapsRange|MapsPerms|MapsName|SmapsField)$/.test(node.name) && found.push(text.slice(node.from, node.to))) });
  expect(found).toEqual(['7f2299d22000-7f2299d24000', 'r--p', '[vvar]', 'ffffffffff600000-ffffffffff601000', '--xp', '[vsyscall]', '55b112e2b000-55b112e2d000', 'r--p', '/usr/bin/my cat (deleted)', 'Rss:', 'VmFlags:']);
});
