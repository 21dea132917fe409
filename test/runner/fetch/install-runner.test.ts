import { chmodSync, readFileSync, statSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { installRunner } from '../../../src/runner/fetch/install-runner.ts';
import { type RunnerSandbox, runnerSandbox, writeFiles } from '../../fixtures/runner-sandbox.ts';

let box: RunnerSandbox;
beforeEach(() => {
  box = runnerSandbox();
});
afterEach(() => box.remove());

test('Node comes to the volume for every uid to run and none to read, the runner to be read', async () => {
  writeFiles(box.path('image'), { node: 'NODE', 'runner.mjs': 'RUNNER', other: 'OTHER' });
  chmodSync(box.path('image/node'), 0o700);
  await installRunner({ from: box.path('image'), to: box.path('runner') });
  expect(readFileSync(box.path('runner/node'), 'utf8')).toBe('NODE');
  expect(readFileSync(box.path('runner/runner.mjs'), 'utf8')).toBe('RUNNER');
  const modes = ['node', 'runner.mjs'].map((name) => statSync(box.path('runner', name)).mode & 0o777);
  expect(modes).toEqual([0o111, 0o444]);
  expect(() => statSync(box.path('runner/other'))).toThrow();
});

test('an image without them is an error, not half an installation that is found later', async () => {
  writeFiles(box.path('image'), { node: 'NODE' });
  await expect(installRunner({ from: box.path('image'), to: box.path('runner') })).rejects.toThrow(
    'runner.mjs',
  );
});

test('where the adapter binds them nothing is copied', async () => {
  await installRunner(null);
});
