import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepLog } from '../../../../src/job/process-sandbox/limits/bounded-log.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'glovebox-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Sends the chunks through two streams and closes the log. */
async function log(file: string, chunks: readonly string[], maxBytes: number): Promise<number> {
  const streams = [new PassThrough(), new PassThrough()];
  const kept = keepLog(file, streams, maxBytes);
  for (const [index, chunk] of chunks.entries()) streams[index % 2]?.write(chunk);
  while (streams.some((stream) => stream.readableLength > 0))
    await new Promise((resolve) => setImmediate(resolve));
  kept.close();
  return kept.totalBytes();
}

describe('keepLog', () => {
  it('keeps what fits', async () => {
    const file = join(folder, 'work.log');
    expect(await log(file, ['one ', 'two'], 100)).toBe(7);
    expect(readFileSync(file, 'utf8')).toBe('one two');
  });

  it('cuts at the bound and says how much there was', async () => {
    const file = join(folder, 'work.log');
    expect(await log(file, ['12345', '67890', 'more'], 8)).toBe(14);
    expect(readFileSync(file, 'utf8')).toBe('12345678\n(8 of 14 bytes)\n');
  });

  it.each(['/dev/full', '/nonexistent/work.log'])(
    'only counts where nothing can be written (%s)',
    async (file) => {
      expect(await log(file, ['one ', 'two'], 100)).toBe(7);
    },
  );
});
