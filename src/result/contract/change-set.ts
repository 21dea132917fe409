/**
 * The change set: what an agent's work is reduced to, and the only thing of it that leaves the sandbox. `put` and
 * `delete` against the base commit's tree, found by hashing. This file is the wire form; what a change set may contain
 * is decided by `result/` (the payload is hostile).
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Digest } from '../../shared/digest.ts';

/** Git file modes that a change set may carry: file, executable, symlink (its bytes are the target). */
export const FileMode = z.enum(['100644', '100755', '120000']);
export type FileMode = z.infer<typeof FileMode>;

/** Bounds of the wire form; an admin's caps lie under them. */
export const CHANGE_SET_BOUNDS = {
  maxEntries: 2_000,
  maxPathBytes: 1_024,
  maxFileBytes: 5 * 1024 * 1024,
  maxTotalBytes: 20 * 1024 * 1024,
} as const;

const Path = z.string().min(1).max(CHANGE_SET_BOUNDS.maxPathBytes);

/** A file that is new or different: content as base64. */
export const PutEntry = z.strictObject({
  op: z.literal('put'),
  path: Path,
  mode: FileMode,
  contentBase64: z.base64().max(Math.ceil((CHANGE_SET_BOUNDS.maxFileBytes * 4) / 3) + 4),
});
export type PutEntry = z.infer<typeof PutEntry>;

/** A file of the base that is gone. */
const DeleteEntry = z.strictObject({ op: z.literal('delete'), path: Path });

/** One entry. */
export const ChangeEntry = z.discriminatedUnion('op', [PutEntry, DeleteEntry]);
export type ChangeEntry = z.infer<typeof ChangeEntry>;

/** Against `baseSha`; entries sorted by the paths' UTF-8 bytes, each path once. */
export const ChangeSet = z.strictObject({
  baseSha: z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/),
  entries: z.array(ChangeEntry).max(CHANGE_SET_BOUNDS.maxEntries),
  /** New files that the base's ignore rules match: left out, counted. */
  ignoredFiles: z.int().min(0),
  /** Tracked files that setup altered and the agent did not touch: left out, named (first 50). */
  setupAltered: z.array(Path).max(50),
});
export type ChangeSet = z.infer<typeof ChangeSet>;

/**
 * The change set's identity: base, operations, paths, modes and contents; not the two reports. Independent of JSON
 * spelling, so every process computes the same one.
 */
export function changeSetDigest(changeSet: ChangeSet): Digest {
  const hash = createHash('sha256').update(`glovebox change set v1\0${changeSet.baseSha}\n`);
  for (const entry of changeSet.entries) {
    if (entry.op === 'delete') hash.update(`delete\0${entry.path}\n`);
    else {
      const bytes = Buffer.from(entry.contentBase64, 'base64');
      hash.update(`put\0${entry.path}\0${entry.mode}\0${createHash('sha256').update(bytes).digest('hex')}\n`);
    }
  }
  return `sha256:${hash.digest('hex')}`;
}
