import { describe, expect, test } from 'vitest';
import { OutputCapture } from '../../../src/runner/process/output-capture.ts';
import { runCommand } from '../../../src/runner/process/run-command.ts';

const sh = (
  script: string,
  change: { timeoutMs?: number; maxOutputBytes?: number; signal?: AbortSignal } = {},
) =>
  runCommand({
    argv: ['/bin/sh', '-c', script],
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    timeoutMs: 20_000,
    maxOutputBytes: 1_000_000,
    ...change,
  });

test('says how it ended', async () => {
  expect(await sh('exit 3')).toMatchObject({ exitCode: 3, signal: null, limit: null, stopped: false });
  expect(await sh('kill -9 $$')).toMatchObject({ exitCode: null, signal: 'SIGKILL', limit: null });
  expect(await sh('sleep 60', { timeoutMs: 100 })).toMatchObject({ signal: 'SIGKILL', limit: 'time' });
  expect(await sh('yes', { maxOutputBytes: 10_000 })).toMatchObject({ signal: 'SIGKILL', limit: 'output' });
  expect(await sh('sleep 60', { signal: AbortSignal.timeout(100) })).toMatchObject({
    limit: null,
    stopped: true,
  });
  expect(await sh('sleep 60', { signal: AbortSignal.abort() })).toMatchObject({ stopped: true });
});

test('a program that does not exist rejects', async () => {
  const run = runCommand({ argv: ['/nonexistent'], cwd: '/', env: {}, timeoutMs: 1_000, maxOutputBytes: 1 });
  await expect(run).rejects.toThrow('ENOENT');
});

test('an orphan that holds the pipe does not hold the end', async () => {
  const end = await sh('setsid sleep 5 & echo done');
  expect(end.durationMs).toBeLessThan(4_000);
  expect(end.capture.output().head).toBe('done\n');
});

describe('captured output', () => {
  const capture = (...chunks: string[]) => {
    const kept = new OutputCapture();
    for (const chunk of chunks) kept.add(Buffer.from(chunk));
    return kept;
  };

  test('short output is whole, in `head`', () => {
    expect(capture('a', 'b').output()).toEqual({ head: 'ab', tail: '', totalBytes: 2 });
  });

  test('of long output the first and the last bytes are kept, and all are counted', () => {
    const kept = capture('first', ...Array.from({ length: 500 }, () => 'x'.repeat(1_000)), 'last');
    const { head, tail, totalBytes } = kept.output();
    expect([head.slice(0, 5), tail.slice(-4), totalBytes]).toEqual(['first', 'last', 500_009]);
    expect(head.length + tail.length).toBe(48_000);
  });

  test('one huge chunk is no exception', () => {
    const { head, tail, totalBytes } = capture('x'.repeat(1_000_000)).output();
    expect([head.length, tail.length, totalBytes]).toEqual([16_000, 32_000, 1_000_000]);
  });

  test('last lines come over the seam', () => {
    expect(capture('a\nb\nc\n').lastLines(2)).toBe('b\nc');
  });
});
