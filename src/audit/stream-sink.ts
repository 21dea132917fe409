/**
 * The sink of a cluster, whose pods keep no files: one JSON line a link on standard output, where the cluster's own log
 * collector takes it to a place that nobody of ours can rewrite. `audit: "link"` tells these lines from the log's.
 */
import type { Writable } from 'node:stream';
import type { AuditSink } from './installation-chain.ts';

/** Resolves when the stream has taken the lines; how durable they are is the collector's doing. Errors: the stream's. */
export function streamSink(stream: Writable): AuditSink {
  return {
    write: (links) =>
      new Promise((resolve, reject) => {
        const lines = links.map((link) => `${JSON.stringify({ audit: 'link', ...link })}\n`).join('');
        stream.write(lines, (error) => (error ? reject(error) : resolve()));
      }),
  };
}
