// Programs of this repository that its commands run: built for speed, but without what takes minutes.
import { join } from 'node:path';
import { collect, ROOT, SetupError } from './run.mjs';

const TOOLS = {
  oracle: { what: ['-p', 'pagefault-oracle', '--bin', 'pagefault-oracle'], file: ['pagefault-oracle'] },
  kit: { what: ['-p', 'pagefault-kit', '--bin', 'pagefault-kit'], file: ['pagefault-kit'] },
  replay: { what: ['-p', 'pagefault', '--example', 'replay'], file: ['examples', 'replay'] },
  track: { what: ['-p', 'pagefault', '--example', 'track'], file: ['examples', 'track'] },
  audit: { what: ['-p', 'pagefault', '--example', 'audit'], file: ['examples', 'audit'] },
};

/** Builds one of them as it stands now; its path. */
export async function tool(name) {
  const { what, file } = TOOLS[name];
  const built = await collect('cargo', ['build', '--locked', '--profile', 'tools', ...what]);
  if (built.status !== 0) throw new SetupError(built.text);
  return join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'tools', ...file);
}
