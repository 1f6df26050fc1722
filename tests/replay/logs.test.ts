/** Logs as people have them, through the command and through the library: both say of the same bytes what the crate's test expects. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { decodeText, openScript } from '../../www/lib/node.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const place = mkdtempSync(join(tmpdir(), 'pagefault-logs-test-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** A log without the lines in which its test is told what to expect; and what the verdict should be, if it is told. */
interface Log { name: string; path: string; text: string; expected: string | undefined }

async function prepared(folder: string, name: string): Promise<Log> {
  const lines = (await decodeText(readFileSync(join(folder, name)))).split(/(?<=\n)/);
  const text = lines.filter((line) => !line.startsWith('#! ')).join('');
  const path = join(place, `${folder.endsWith('logs') ? 'own' : 'public'}-${name}`);
  writeFileSync(path, text);
  return { name: path.slice(place.length + 1), path, text, expected: lines.find((line) => line.startsWith('#! verdict: '))?.slice(12).trim() };
}

const folders = [join(root, 'tests', 'logs'), join(root, '..', 'shared', 'public-cases')].filter((folder) => existsSync(folder));
const names = folders.flatMap((folder) => readdirSync(folder).filter((name) => /\.(strace|txt)$/.test(name)).map((name) => [folder, name] as const));
const logs = await Promise.all(names.map(([folder, name]) => prepared(folder, name)));

interface Told { file: string; text?: string; green?: boolean; error?: string; memoryCalls?: number }

const { stdout } = spawnSync(process.execPath, [join(root, 'tools', 'replay.mjs'), '--json', ...logs.map(({ path }) => path)], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
const told = stdout.trim().split('\n').map((line) => JSON.parse(line) as Told);

describe('the command and the library say the same', () => {
  test('no log is refused', () => {
    expect(told.filter(({ error }) => error)).toEqual([]);
  });

  test.each(logs)('$name', async ({ name, text, expected }) => {
    const session = await openScript(text);
    session.goTo(session.length);
    const { text: words, green, memoryCalls } = session.verdict();
    session.free();
    const verdicts = told.filter((line) => line.file === name && line.text !== undefined);
    expect(verdicts).toContainEqual(expect.objectContaining({ text: words, green, memoryCalls }));
    if (expected) expect(words).toBe(expected);
  });
});
