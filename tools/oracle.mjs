// `npm run check|record|fuzz -- …`: the harness that asks the live kernel (Linux 6.18, x86-64, as root).
import { oracle } from './lib/kernel.mjs';
import { main } from './lib/run.mjs';

main(async () => {
  const { status } = await oracle(process.argv.slice(2), { show: true });
  process.exitCode = status;
});
