// node tools/machine.mjs …: the harness (check, record, fuzz) in a virtual machine, for what the processor here has
// not: QEMU emulates protection keys and five levels of page tables. `--help` tells how.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { liveScripts } from './lib/kernel.mjs';
import { ROOT, SetupError, collect, main, run } from './lib/run.mjs';
import { boot, makeDisk } from './machine/boot.mjs';
import { packMachine } from './machine/initramfs.mjs';
import { findKernel } from './machine/kernel.mjs';

const HELP = `usage: node tools/machine.mjs [OPTION…] check [ARGUMENT…]     (without a file: all that can be checked)
       node tools/machine.mjs [OPTION…] record|fuzz ARGUMENT…
       node tools/machine.mjs [OPTION…] sh COMMAND
Runs a command of the harness, or a line of the shell, in a virtual machine that emulates its processor. What the
command writes into the folder here, into files named and into the folder of --save comes back.

  --kernel PATH    a kernel (vmlinuz), or the folder of a package with boot/ and its modules; PAGEFAULT_KERNEL else.
                   Debian has packages of Linux 6.18 (linux-image-6.18…-amd64, or …-cloud-amd64 which boots sooner):
                   download one with apt-get and unpack it with dpkg-deb -x. Nothing needs to be installed.
  --cpu MODEL      as QEMU names it; "max" (with protection keys and five levels) if not given, "max,-la57" has
                   four levels, "max,-pku" no keys
  --memory SIZE    3G if not given
  --append WORDS   more parameters for the kernel; they count more than the machine's own
  --file PATH      a file or folder that the command needs and does not name; may be repeated
  --as-is          the kernel's own settings, not those of the machine that the scripts are recorded on
  --minutes N      give up after so long; 60 if not given

Needed: qemu-system-x86_64, a static busybox, mke2fs; xz for the modules of Debian's packages.`;

const OPTIONS = {
  kernel: { type: 'string' }, cpu: { type: 'string', default: 'max' }, memory: { type: 'string', default: '3G' },
  append: { type: 'string', default: '' }, file: { type: 'string', multiple: true, default: [] }, 'as-is': { type: 'boolean', default: false },
  minutes: { type: 'string', default: '60' }, help: { type: 'boolean', default: false },
};

/** The options stand before the command: what follows is the command's own. */
function commandLine(args) {
  let at = 0;
  while (at < args.length && args[at].startsWith('-')) {
    const option = OPTIONS[args[at].slice(2)];
    at += option?.type === 'string' ? 2 : 1;
  }
  try {
    return { options: parseArgs({ args: args.slice(0, at), options: OPTIONS }).values, command: args[at], rest: args.slice(at + 1) };
  } catch (error) {
    throw new SetupError(`${error.message}\n\n${HELP}`);
  }
}

/** The harness as one file that needs no library: the machine has none. */
async function buildHarness() {
  const [triple, target] = ['x86_64-unknown-linux-gnu', join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'machine')];
  const args = ['build', '--locked', '--profile', 'tools', '-p', 'pagefault-oracle', '--bin', 'pagefault-oracle', '--target', triple];
  const env = { RUSTFLAGS: `${process.env.RUSTFLAGS ?? ''} -C target-feature=+crt-static`.trim(), CARGO_TARGET_DIR: target };
  const { status, text } = await collect('cargo', args, { env });
  if (status !== 0) throw new SetupError(text);
  return join(target, triple, 'tools', 'pagefault-oracle');
}

/** What the command reads, and the folder it is to write into. */
function inputs(command, rest, more) {
  const save = rest.indexOf('--save');
  if (save >= 0 && rest[save + 1]) mkdirSync(rest[save + 1], { recursive: true });
  const named = [...more, ...(command === 'sh' ? [] : rest.filter((argument) => existsSync(argument)))].map((path) => resolve(path));
  for (const path of named) if (!existsSync(path)) throw new SetupError(`${path} is not there.`);
  return [join(ROOT, 'tests', 'scripts'), ...named];
}

/** Puts the files that the command wrote where they are here; the command's exit status, null if it has not ended. */
function takeBack(bytes) {
  for (let at = 0; ;) {
    const end = bytes.indexOf('\n', at);
    if (end < 0) return null;
    const [first, ...path] = bytes.toString('utf8', at, end).split(' ');
    if (first === 'status') return Number(path[0]);
    at = end + 1 + Number(first);
    if (at > bytes.length) return null;
    mkdirSync(dirname(path.join(' ')), { recursive: true });
    writeFileSync(path.join(' '), bytes.subarray(end + 1, at));
  }
}

main(async () => {
  const { options, command, rest } = commandLine(process.argv.slice(2));
  if (options.help || !['check', 'record', 'fuzz', 'sh'].includes(command)) {
    console[options.help ? 'log' : 'error'](HELP);
    process.exitCode = options.help ? 0 : 2;
    return;
  }
  if (!(Number(options.minutes) > 0)) throw new SetupError(`--minutes ${options.minutes}: a number is wanted.`);
  const path = options.kernel ?? process.env.PAGEFAULT_KERNEL;
  if (!path) throw new SetupError('Which kernel? Pass --kernel or set PAGEFAULT_KERNEL: --help says where one can be had.');
  const kernel = findKernel(path);
  const harness = await buildHarness();
  const args = command === 'check' && !rest.some((argument) => argument.endsWith('.pf')) ? [...rest, ...liveScripts()] : rest;
  const folder = mkdtempSync(join(tmpdir(), 'pagefault-machine-'));
  try {
    const parts = { initramfs: join(folder, 'initramfs.gz'), disk: join(folder, 'disk'), back: join(folder, 'back'), console: join(folder, 'console') };
    const words = command === 'sh' ? ['sh', '-c', args.join(' ')] : ['/bin/pagefault-oracle', command, ...args];
    await packMachine(parts.initramfs, { kernel, harness, words, files: inputs(command, rest, options.file), asIs: options['as-is'] });
    await makeDisk(parts.disk, run);
    const { late } = await boot(kernel, parts, options);
    const status = existsSync(parts.back) ? takeBack(readFileSync(parts.back)) : null;
    if (status === null) {
      const why = late ? `Given up after ${options.minutes} minutes` : 'The machine stopped before the command ended';
      const last = existsSync(parts.console) ? readFileSync(parts.console, 'utf8').trim().split('\n').slice(-30).join('\n') : '';
      throw new SetupError(last ? `${why}; the kernel's last words:\n${last}` : `${why}.`);
    }
    process.exitCode = status;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
