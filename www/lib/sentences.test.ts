/** Every example, every script and every log of the repository, step by step: no text contradicts its step. */
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type Moment, contradictions, momentOf } from './contradictions.ts';
import { ScriptError, openScript } from './node.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const files = (folder: string) => readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
const ONLY = process.env['PAGEFAULT_SCRIPTS'] ?? '';
const SCRIPTS = [...files('tests/scripts').filter((file) => file.endsWith('.pf')), ...files('tests/logs')].filter((file) => file.includes(ONLY));

test('no sentence of any script contradicts its step', async () => {
  const found: string[] = [];
  let [steps, scripts] = [0, 0];
  for (const file of SCRIPTS) {
    const text = readFileSync(file, 'utf8');
    let session;
    try {
      session = await openScript(text);
    } catch (error) {
      if (error instanceof ScriptError) continue;
      throw error;
    }
    scripts++;
    const seen: { told: NonNullable<ReturnType<typeof session.explain>>; before: Moment; after: Moment }[] = [];
    let before = momentOf(session);
    try {
      while (session.position < session.length) {
        session.goTo(session.position + 1);
        const after = momentOf(session, before);
        seen.push({ told: session.explain(session.position - 1)!, before, after });
        before = after;
      }
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
    }
    const reports = session.reports();
    seen.forEach(({ told, before, after }, i) => {
      steps++;
      const report = reports[i]!;
      for (const what of contradictions(report, told, before, after)) found.push(`${relative(ROOT, file)}:${report.line} ${report.call} = ${report.result}: ${what}\n    ${told.sentence}`);
    });
    session.free();
  }
  if (ONLY || found.length > 0) console.log(found.join('\n'));
  console.log(`${steps} steps of ${scripts} scripts and logs, ${found.length} contradictions`);
  expect(scripts).toBeGreaterThan(350);
  expect(steps).toBeGreaterThan(5000);
  expect(found.slice(0, 40)).toEqual([]);
}, 120_000);
