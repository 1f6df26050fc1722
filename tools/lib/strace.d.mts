/** The path of strace; null where it is missing. */
export function findStrace(): string | null;
/** Installs it where that may be done: Debian, as root. */
export function installStrace(): Promise<string | null>;
