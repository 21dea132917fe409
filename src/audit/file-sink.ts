/** The sink of one machine: JSON lines, appended and synced; point it at a volume that the store's operator cannot write. */
import { open } from 'node:fs/promises';
import type { AuditSink } from './installation-chain.ts';

/** Appends to `path` (created with mode 0600). Errors: the file system's, which leave the links unwritten for the next try. */
export function fileSink(path: string): AuditSink {
  return {
    async write(links) {
      const file = await open(path, 'a', 0o600);
      try {
        await file.write(links.map((link) => `${JSON.stringify(link)}\n`).join(''));
        await file.sync();
      } finally {
        await file.close();
      }
    },
  };
}
