/** The first command of every npm script: an older Node is told so in one sentence, before it fails on a type. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Ended, runNode } from '../fixtures/run-process.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'glovebox-node-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('build/require-node.mjs', () => {
  const asVersion = (version: string): Promise<Ended> => {
    const file = join(folder, 'version.mjs');
    const versions = `{ ...process.versions, node: '${version}' }`;
    writeFileSync(file, `Object.defineProperty(process, 'versions', { value: ${versions} });\n`);
    return runNode(['--import', file, 'build/require-node.mjs']);
  };

  it.each(['22.21.0', '20.20.2', '8.9.4'])('stops Node %s with one sentence', async (version) => {
    const { code, stderr } = await asVersion(version);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      new RegExp(`^Refused: Node ${version} is running, 24 or newer is needed; .*then run again\\.\\n$`),
    );
  });

  it.each(['24.0.0', '100.1.0'])('lets Node %s go on', async (version) => {
    expect(await asVersion(version)).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});
