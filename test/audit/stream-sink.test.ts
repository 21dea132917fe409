/** Audit links on a stream: one line each, told from other lines, and kept for the next try where the stream fails. */
import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { streamSink } from '../../src/audit/stream-sink.ts';

const link = {
  installationId: '9',
  seq: 1,
  at: '2026-11-21T12:00:00.000Z',
  taskId: '7k2m9q',
  head: 'sha256:aa',
  previousHash: 'sha256:00',
  hash: 'sha256:bb',
};

describe('a sink on standard output', () => {
  it('writes each link as one JSON line that a collector can pick out', async () => {
    const out = new PassThrough();
    await streamSink(out).write([link, { ...link, seq: 2 }]);
    out.end();
    const lines = (await text(out)).trim().split('\n');
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      { audit: 'link', ...link },
      { audit: 'link', ...link, seq: 2 },
    ]);
  });

  it('fails where the stream does, so that the links stay unwritten', async () => {
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('the pipe is gone')) });
    broken.on('error', () => {});
    await expect(streamSink(broken).write([link])).rejects.toThrow('the pipe is gone');
  });
});
