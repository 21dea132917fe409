/** What CI's log says of a failed run: real runs of the test runner in a folder of their own. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { ROOT, runNode } from '../fixtures/run-process.ts';

const HOOK = `describe('world', () => {
  beforeAll(() => { throw new Error('no images', { cause: new Error('disk full') }); });
  it('never runs', () => {});
});`;
const FAILING = `it('adds', () => { expect(1 + 1).toBe(3); });\nit('passes', () => {});`;
const LOOSE = `it('ends first', async () => {
  void Promise.reject(new Error('nobody waits'));
  await new Promise((resolve) => setTimeout(resolve, 20));
});`;
const DIES = `it('dies', () => { process.kill(process.pid, 'SIGKILL'); });`;

/** Lines of the report on these files, by name. */
async function report(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'glovebox-report-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const vitest = [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--globals', '--pool=forks'];
  const { code } = await runNode([...vitest, `--reporter=${join(ROOT, 'build/failure-report.ts')}`], {
    cwd: folder,
  });
  const lines = readFileSync(join(folder, 'test-results/failures.txt'), 'utf8').split('\n').slice(0, -1);
  expect(lines.length === 0).toBe(code === 0);
  return lines;
}

it('names a failed hook with its cause, a failed test, and a file that cannot be loaded', async () => {
  const files = { 'a.test.ts': HOOK, 'b.test.ts': FAILING, 'c.test.ts': `import './nothing.ts';` };
  expect([...(await report(files))].sort()).toEqual([
    'failed: a.test.ts: world (a hook): Error: no images, caused by Error: disk full',
    'failed: b.test.ts: adds: AssertionError: expected 2 to be 3 // Object.is equality',
    expect.stringMatching(/^failed: c\.test\.ts: Error: Cannot find module '\.\/nothing\.ts'/),
  ]);
});

it('names an error that no test waited for, and a file whose worker died', async () => {
  const lines = await report({ 'a.test.ts': LOOSE, 'b.test.ts': DIES });
  expect(lines).toContain('failed: outside of any test: Error: nobody waits');
  expect(lines).toContain('failed: b.test.ts: it did not end, its worker may have died');
});

it('is empty where nothing failed (counter-test)', async () => {
  expect(await report({ 'a.test.ts': `it('passes', () => {});` })).toEqual([]);
});
