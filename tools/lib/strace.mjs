// strace: found where it is, or on Debian as root installed.
import { existsSync } from 'node:fs';
import { answers, collect, output, say } from './run.mjs';

/** The path of strace; null where it is missing. */
export function findStrace() {
  return process.platform === 'linux' ? output('which', ['strace']) || null : null;
}

/** Installs it where that may be done: Debian, as root. */
export async function installStrace() {
  const debian = process.platform === 'linux' && existsSync('/etc/debian_version') && process.getuid() === 0 && answers('apt-get');
  if (!findStrace() && debian) {
    say('installing strace (apt-get)');
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    await collect('apt-get', ['update'], { env });
    const { status, text } = await collect('apt-get', ['install', '-y', '--no-install-recommends', 'strace'], { env });
    if (status !== 0) console.log(text.split('\n').slice(-5).join('\n'));
  }
  return findStrace();
}
