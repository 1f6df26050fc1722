// npm test: everything, and at the end one line with the true sum. Parts can be chosen by name:
// npm test -- rust e2e
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, collect, main, output, say } from './lib/run.mjs';
import { cacheFolder, setUp, wasmBindgen } from './lib/setup.mjs';
import { buildCore, buildLibrary, buildPage } from './lib/core.mjs';
import { installBrowsers } from './lib/browsers.mjs';
import { installStrace } from './lib/strace.mjs';
import { CANNOT_ASK, commitSeed, liveScripts, oracle } from './lib/kernel.mjs';
import { kitHere, sums } from './lib/kit.mjs';
import { tool } from './lib/tool.mjs';

/** Parts that must not be left out for want of something: `browsers`, `kernel`. The project's own CI sets it. */
const REQUIRED = (process.env.PAGEFAULT_REQUIRE ?? '').split(/[ ,]+/);
const sum = { passed: 0, failed: 0, leftOut: [] };
const NODE = process.execPath;
const bin = (...parts) => join(ROOT, 'node_modules', ...parts);

function count(name, passed, failed) {
  sum.passed += passed;
  sum.failed += failed;
  console.log(`${failed > 0 ? '✗' : '✓'} ${name}: ${passed} passed, ${failed} failed`);
}

/** A part that cannot run here: named with its cure, and again at the end; a failure where its kind is required. */
function leaveOut(kind, name, why) {
  console.log(`– ${name}: left out: ${why}`);
  sum.leftOut.push(`${name} (${why})`);
  if (REQUIRED.includes(kind)) sum.failed++;
}

/** A check that passes or fails as a whole. */
async function check(name, command, args, options) {
  const { status, text } = await collect(command, args, options);
  if (status !== 0) console.log(text);
  count(name, status === 0 ? 1 : 0, status === 0 ? 0 : 1);
}

/** A cargo test run: the sum of its `test result:` lines. A run that fails without one counts as a failure. */
async function cargoTests(name, args, options) {
  const { status, text } = await collect('cargo', ['test', '--locked', ...args], options);
  let [passed, failed] = [0, 0];
  for (const [, p, f] of text.matchAll(/test result: \w+\. (\d+) passed; (\d+) failed/g)) {
    passed += Number(p);
    failed += Number(f);
  }
  if (status !== 0 || passed === 0) {
    console.log(text.split('\n').slice(-80).join('\n'));
    failed = Math.max(failed, 1);
  }
  count(name, passed, failed);
}

/** All but sizes of files, which no browser decides, and scale, which counts the same work again. */
const IN_FIREFOX = ['editor', 'hands', 'input', 'manners', 'page', 'robust', 'tasks', 'time', 'views', 'words'].map((file) => `tests/e2e/${file}.test.ts`);

let reports = 0;

/** A vitest run, counted from its report. */
async function vitest(name, files, env = {}) {
  const report = join(ROOT, 'node_modules', `.pagefault-${process.pid}-${++reports}.json`);
  const args = [bin('vitest', 'vitest.mjs'), 'run', ...files, '--reporter=json', `--outputFile=${report}`, '--testTimeout=60000', '--hookTimeout=90000', '--fileParallelism=false'];
  const { status, text } = await collect(NODE, args, { env });
  if (!existsSync(report)) {
    console.log(text);
    return count(name, 0, 1);
  }
  const result = JSON.parse(readFileSync(report, 'utf8'));
  rmSync(report);
  for (const file of result.testResults) {
    for (const t of file.assertionResults) if (t.status === 'failed') console.log(`  ✗ ${t.fullName}\n    ${t.failureMessages.join('\n    ').slice(0, 1500)}`);
    if (file.status === 'failed' && file.assertionResults.length === 0) console.log(file.message);
  }
  const failed = Math.max(result.numFailedTests, status === 0 ? 0 : 1);
  count(name, result.numPassedTests, failed);
}

/** The exit code of the tracker's example where no process may be traced. */
const CANNOT_TRACE = 3;

/** 10,000 calls of a live process, told to the tracker: about ten seconds. */
async function track() {
  const name = 'the tracker follows a live process';
  const { status, text } = await collect(await tool('track'), ['10000', '1'], { timeout: 60_000 });
  const lines = text.trim().split('\n');
  if (status === CANNOT_TRACE) return leaveOut('kernel', name, lines.at(-1));
  console.log(status === 0 ? `  ${lines[0]}\n  ${lines.at(-1)}` : text);
  count(name, status === 0 ? 1 : 0, status === 0 ? 0 : 1);
}

/** A bounded run of the differential fuzzer: about two minutes. In CI the commit decides the programs. */
async function fuzz() {
  const bound = process.env.CI ? ['--seed', String(commitSeed()), '--programs', '3000'] : ['--minutes', '2'];
  const { status, text } = await oracle(['fuzz', '--reference', '--fields', 'all', ...bound], { timeout: 900_000 });
  const lines = text.trim().split('\n');
  if (status !== 0) console.log(text);
  console.log(`  ${lines.at(-1)}`);
  count('differential fuzzer', status === 0 ? 1 : 0, status === 0 ? 0 : 1);
}

/** Scripts as C programs, on the kernel here: all that can be run must pass. */
async function kit() {
  if (!output('uname', ['-r']).startsWith('6.18.')) return leaveOut('kernel', 'kit on the live kernel', 'Linux 6.18 is needed');
  const done = await kitHere();
  if (!done) return leaveOut('kernel', 'kit on the live kernel', 'install gcc and make');
  for (const [name, { failed, ended }] of done.results) {
    if (failed.length > 0 || !ended) console.log(`  ✗ ${name}: ${failed.length > 0 ? `line ${failed[0].line} ${failed[0].field}: ${failed[0].why}` : 'it did not end as it should'}`);
  }
  const { passed, failed, left } = sums(done.results);
  console.log(`  ${done.said}; ${left} want another machine than this`);
  count('kit on the live kernel', passed, failed);
}

const parts = {
  async lints() {
    await check('cargo fmt', 'cargo', ['fmt', '--all', '--check']);
    await check('clippy (native)', 'cargo', ['clippy', '--locked', '--workspace', '--all-targets', '--', '-D', 'warnings']);
    const wasm = ['clippy', '--locked', '-p', 'pagefault', '--lib', '--target', 'wasm32-unknown-unknown', '--no-default-features'];
    for (const features of ['page', 'js']) await check(`clippy (wasm32, ${features})`, 'cargo', [...wasm, '--features', features, '--', '-D', 'warnings']);
    await check('rustdoc', 'cargo', ['doc', '--locked', '-p', 'pagefault', '--no-deps'], { env: { RUSTDOCFLAGS: '-D warnings' } });
    await check('TypeScript', NODE, [bin('typescript', 'bin', 'tsc'), '-p', ROOT]);
    await check('oxlint', NODE, [bin('oxlint', 'bin', 'oxlint'), '--deny-warnings', '--ignore-pattern', 'www/lib/wasm', 'www', 'tests', 'tools']);
  },
  async rust() {
    await cargoTests('Rust: unit, property, script tests', ['--workspace', '--no-fail-fast']);
  },
  async kernel() {
    if (process.platform !== 'linux' || process.arch !== 'x64') return leaveOut('kernel', 'live kernel', 'x86-64 Linux 6.18 is needed to compare with');
    const { status, text } = await oracle(['check', '--reference', ...liveScripts()], { timeout: 900_000 });
    if (status === CANNOT_ASK) return leaveOut('kernel', 'live kernel', text.trim().split('\n').at(-1));
    for (const line of text.split('\n')) if (line && !line.startsWith('ok ')) console.log(`  ${line}`);
    const [, passed, failed] = text.match(/^(\d+) passed, (\d+) failed$/m) ?? [];
    count('live kernel', Number(passed ?? 0), Number(failed ?? 1) + (Number(passed) > 0 ? 0 : 1));
    const [, alone] = text.match(/^on the emulator alone, .*: (\d+) passed$/m) ?? [];
    if (alone) count('recordings of other machines, on the emulator alone', Number(alone), 0);
    await vitest('what check says', ['tests/oracle']);
    await track();
    await kit();
    await fuzz();
  },
  async wasm(browsers) {
    const { testRunner } = await wasmBindgen();
    for (const [name, driver, variable] of [['Chromium', browsers.chrome && browsers.chromedriver, 'CHROMEDRIVER'], ['Firefox', browsers.firefox && browsers.geckodriver, 'GECKODRIVER']]) {
      if (!driver) {
        leaveOut('browsers', `wasm in ${name}`, name === 'Chromium' ? 'install chromium and chromedriver' : 'install Firefox; cargo install geckodriver');
        continue;
      }
      const env = {
        CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: testRunner, WASM_BINDGEN_USE_BROWSER: '1', WASM_BINDGEN_TEST_TIMEOUT: '300',
        WASM_BINDGEN_TEST_WEBDRIVER_JSON: join(ROOT, 'tests', 'browser', 'webdriver.json'), CHROMEDRIVER: '', GECKODRIVER: '', [variable]: driver,
      };
      for (const other of ['CHROMEDRIVER', 'GECKODRIVER']) if (other !== variable) env[other] = undefined;
      await cargoTests(`wasm in ${name}`, ['-p', 'pagefault', '--target', 'wasm32-unknown-unknown', '--test', 'browser'], { env });
    }
  },
  async replay() {
    // Not in the time of a test.
    for (const name of ['replay', 'audit']) await tool(name);
    if (!(await installStrace())) leaveOut('strace', 'logs that strace writes now', 'install strace');
    await vitest('npm run replay and audit', ['tests/replay']);
  },
  async typescript() {
    await vitest('TypeScript library, texts and page', ['www']);
  },
  async e2e(browsers) {
    // Both at once: a browser mostly waits for the next frame, and what another program does must not decide a test.
    await Promise.all([['Chromium', browsers.chrome, 'chromium'], ['Firefox', browsers.firefox, 'firefox']].map(async ([name, path, id]) => {
      if (path) await vitest(`the page in ${name}`, id === 'firefox' ? IN_FIREFOX : ['tests/e2e'], { PAGEFAULT_BROWSER: id });
      else leaveOut('browsers', `the page in ${name}`, `install ${name}`);
    }));
  },
  async package(browsers) {
    if (!browsers.chrome) leaveOut('browsers', 'what bundlers make of the npm package', 'install chromium');
    await vitest('npm package', ['tests/package']);
  },
};

main(async () => {
  const chosen = process.argv.slice(2);
  const unknown = chosen.filter((name) => !parts[name]);
  if (unknown.length > 0) {
    console.error(`no part is called ${unknown.join(', ')}: choose from ${Object.keys(parts).join(', ')}`);
    process.exitCode = 2;
    return;
  }
  const wanted = chosen.length > 0 ? chosen : Object.keys(parts);
  mkdirSync(cacheFolder(), { recursive: true });
  await setUp();
  if (wanted.some((name) => name !== 'rust' && name !== 'kernel')) {
    await buildCore();
    await buildLibrary();
    await buildPage();
  }
  const browsers = wanted.some((name) => ['wasm', 'e2e', 'package'].includes(name)) ? await installBrowsers() : {};
  for (const name of wanted) {
    const started = Date.now();
    await parts[name](browsers);
    say(`${name}: ${((Date.now() - started) / 1000).toFixed(0)} s`);
  }
  if (sum.leftOut.length > 0) console.log(`left out: ${sum.leftOut.join('; ')}`);
  const head = output('git', ['rev-parse', '--short', 'HEAD']);
  if (head) console.log(`commit ${head}`);
  process.exitCode = sum.failed > 0 ? 1 : 0;
  console.log(`${sum.passed} passed, ${sum.failed} failed`);
});
