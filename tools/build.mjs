// npm run build: the core, the library and the page. `--library` leaves the page out.
import { main } from './lib/run.mjs';
import { setUp } from './lib/setup.mjs';
import { SHIPPED, buildCore, buildLibrary, buildPage } from './lib/core.mjs';

main(async () => {
  await setUp();
  const isPageWanted = !process.argv.includes('--library');
  await buildCore(isPageWanted ? undefined : SHIPPED);
  await buildLibrary();
  if (isPageWanted) await buildPage();
});
