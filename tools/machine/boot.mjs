// Starting a machine and waiting for its end.
import { spawn } from 'node:child_process';
import { closeSync, openSync, ftruncateSync } from 'node:fs';
import { SetupError } from '../lib/run.mjs';

const DISK_BYTES = 8 * 2 ** 30;

/** Settings of the machine that the scripts are recorded on, where a parameter sets them; and nothing that costs time
 * and can be left out. */
const PARAMETERS = ['console=ttyS0', 'quiet', 'panic=-1', 'mitigations=off'];
const AS_RECORDED = ['vsyscall=xonly', 'transparent_hugepage=madvise'];

/** An empty disk for the files of scripts; it takes no room until they are written. */
export async function makeDisk(path, run) {
  const file = openSync(path, 'w');
  ftruncateSync(file, DISK_BYTES);
  closeSync(file);
  const options = ['-q', '-F', '-t', 'ext4', '-b', '4096', '-m', '0', '-E', 'nodiscard,lazy_itable_init=1,lazy_journal_init=1', path];
  await run('mke2fs', options, { env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` }, what: 'mke2fs (package e2fsprogs)' });
}

/** Runs it; whether it had to be stopped because it took too long. What its command prints is shown as it comes. */
export function boot(kernel, parts, options) {
  const append = [...PARAMETERS, ...(options['as-is'] ? [] : AS_RECORDED), options.append].join(' ');
  const args = [
    '-accel', 'tcg', '-cpu', options.cpu, '-smp', '1', '-m', options.memory, '-nodefaults', '-display', 'none', '-no-reboot',
    '-kernel', kernel.image, '-initrd', parts.initramfs, '-append', append, '-serial', `file:${parts.console}`,
    '-drive', `file=${parts.disk},format=raw,if=virtio,cache=unsafe`,
    '-device', 'virtio-serial', '-chardev', 'stdio,id=show,signal=off', '-device', 'virtserialport,chardev=show,nr=1',
    '-chardev', `file,id=back,path=${parts.back}`, '-device', 'virtserialport,chardev=back,nr=2',
  ];
  return new Promise((done, fail) => {
    // Its input stays open: at an end of it QEMU would close the line.
    const machine = spawn('qemu-system-x86_64', args, { stdio: ['pipe', 'inherit', 'inherit'] });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      machine.kill('SIGKILL');
    }, Number(options.minutes) * 60_000);
    const stop = () => machine.kill('SIGKILL');
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop);
    machine.on('error', () => fail(new SetupError('qemu-system-x86_64 does not start: is QEMU installed (Debian: qemu-system-x86)?')));
    machine.on('close', () => {
      clearTimeout(timer);
      for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, stop);
      done({ late });
    });
  });
}
