// npm start: sets everything up, builds the core, serves the page and prints its address.
import { join } from 'node:path';
import { ROOT, main, say } from './lib/run.mjs';
import { setUp } from './lib/setup.mjs';
import { buildCore } from './lib/core.mjs';

main(async () => {
  await setUp();
  await buildCore(['page']);
  const { createServer } = await import('vite');
  const server = await createServer({ configFile: join(ROOT, 'www', 'app', 'vite.config.ts') });
  await server.listen();
  say(`the page is at ${server.resolvedUrls.local[0]} (Ctrl+C stops it)`);
});
