// strace: found where it is, or on Debian as root installed.
import { find, findOrInstall } from './debian.mjs';

/** The path of strace; null where it is missing. */
export const findStrace = () => find('strace');

/** Installs it where that may be done: Debian, as root. */
export const installStrace = () => findOrInstall('strace');
