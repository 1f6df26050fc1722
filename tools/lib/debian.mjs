// Programs of the system: found where they are, or on Debian as root installed.
import { existsSync } from 'node:fs';
import { answers, collect, output, say } from './run.mjs';

/** The path of a program; null where it is missing. */
export function find(program) {
  return process.platform === 'linux' ? output('which', [program]) || null : null;
}

/** Installs what has it where that may be done: Debian, as root. The path of the program, or null. */
export async function findOrInstall(program, packages = [program]) {
  const debian = process.platform === 'linux' && existsSync('/etc/debian_version') && process.getuid() === 0 && answers('apt-get');
  if (!find(program) && debian) {
    say(`installing ${packages.join(', ')} (apt-get)`);
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    await collect('apt-get', ['update'], { env });
    const { status, text } = await collect('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { env });
    if (status !== 0) console.log(text.split('\n').slice(-5).join('\n'));
  }
  return find(program);
}
