// `npm run kit`: scripts as C files that check themselves, into dist/kit. `-- --run` builds them and runs them on the kernel here,
// `-- --peer gvisor` (or another of tools/lib/kit.mjs) under somebody else's.
import { kitHere, kitUnder, PEERS, sums, writeKit } from './lib/kit.mjs';
import { main, SetupError } from './lib/run.mjs';

/** Each program that differs, with its first difference. */
function tell(results) {
  for (const [name, { failed, skipped, ended }] of results) {
    if (skipped !== undefined) console.log(`– ${name}: not run: ${skipped}`);
    else if (failed.length > 0) {
      const [{ line, field, call, why }] = failed;
      console.log(`✗ ${name}: ${failed.length} differ; line ${line}, ${field}: ${call}: ${why}`);
    } else if (!ended) console.log(`✗ ${name}: it did not end as it should`);
  }
  const { passed, alike, failed, left, points, wrong } = sums(results);
  const fields = Object.entries(wrong).sort(([, a], [, b]) => b - a).map(([field, count]) => `${field} ${count}`);
  console.log(`${points} points hold${fields.length > 0 ? `; of these kinds do not: ${fields.join(', ')}` : ''}`);
  console.log(`${alike} programs have every result, signal and byte of Linux`);
  console.log(`${passed} passed, ${failed} failed, ${left} not run`);
  return failed;
}

main(async () => {
  const [option, name] = process.argv.slice(2);
  if (option === '--peer' && !PEERS[name]) throw new SetupError(`no peer is called ${name}: choose from ${Object.keys(PEERS).join(', ')}`);
  if (option === '--run' || option === '--peer') {
    const done = option === '--run' ? await kitHere() : await kitUnder(name);
    if (!done) throw new SetupError(option === '--run' ? 'install gcc and make' : `install ${[...PEERS[name].packages, ...PEERS[name].compiler.slice(1), 'make'].join(', ')}`);
    console.log(done.said);
    const failed = tell(done.results);
    process.exitCode = option === '--run' && failed > 0 ? 1 : 0;
    return;
  }
  if (option !== undefined) throw new SetupError('npm run kit, npm run kit -- --run, npm run kit -- --peer NAME');
  console.log(await writeKit());
});
