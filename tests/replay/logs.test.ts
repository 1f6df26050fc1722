/** Logs as people have them, through the command and through the library: both say of the same bytes what the crate's test expects. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { decodeText, openScript } from '../../www/lib/node.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folders = [join(root, 'tests', 'logs'), join(root, '..', 'shared', 'public-cases')].filter((folder) => existsSync(folder));
const logs = folders.flatMap((folder) => readdirSync(folder).filter((name) => /\.(strace|txt)$/.test(name)).map((name) => join(folder, name)));

interface Told { file: string; text?: string; green?: boolean; error?: string; memoryCalls?: number }

const { stdout } = spawnSync(process.execPath, [join(root, 'tools', 'replay.mjs'), '--json', ...logs], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
const told = stdout.trim().split('\n').map((line) => JSON.parse(line) as Told);

describe('the command and the library say the same', () => {
  test('no log is refused', () => {
    expect(told.filter(({ error }) => error)).toEqual([]);
  });

  test.each(logs.map((path) => [path.slice(path.lastIndexOf('/') + 1), path]))('%s', async (name, path) => {
    const session = await openScript(await decodeText(readFileSync(path)));
    session.goTo(session.length);
    const { text, green, memoryCalls } = session.verdict();
    session.free();
    const verdicts = told.filter(({ file, text }) => file === name && text !== undefined);
    expect(verdicts).toContainEqual(expect.objectContaining({ text, green, memoryCalls }));
    const expected = /^#! verdict: (.*)$/m.exec(readFileSync(path, 'utf8'))?.[1];
    if (expected) expect(text).toBe(expected.trim());
  });
});
