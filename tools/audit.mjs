// npm run audit -- [--json] [--script] MAPS [OTHER]: why an address space has as many areas as it has, and what they
// cost; of two, what changed. Each is a text of /proc/PID/maps or smaps; - is standard input.
import { spawnSync } from 'node:child_process';
import { main } from './lib/run.mjs';
import { tool } from './lib/tool.mjs';

main(async () => {
  const audit = await tool('audit');
  // Names of files are the caller's, who may stand elsewhere than npm does.
  const { status } = spawnSync(audit, process.argv.slice(2), { stdio: 'inherit', cwd: process.env.INIT_CWD ?? process.cwd() });
  process.exitCode = status ?? 2;
});
