/** A change set as the entries of a Git tree: modes kept, text inline, other bytes as blobs. */
import type { ChangeSet } from '../result/contract/change-set.ts';
import type { PublishGitHub, TreeEntry } from './github.ts';

/** Above this, text goes through a blob too, so that one request stays small. */
const MAX_INLINE_BYTES = 256 * 1024;

/** Builds the entries; uploads a blob for each file that is not UTF-8 text or is large. */
export async function treeEntries(
  github: Pick<PublishGitHub, 'createBlob'>,
  changeSet: ChangeSet,
): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = [];
  for (const entry of changeSet.entries) {
    if (entry.op === 'delete') {
      entries.push({ path: entry.path, delete: true });
      continue;
    }
    const bytes = Buffer.from(entry.contentBase64, 'base64');
    const content = bytes.length <= MAX_INLINE_BYTES ? utf8(bytes) : null;
    if (content === null)
      entries.push({ path: entry.path, mode: entry.mode, sha: await github.createBlob(bytes) });
    else entries.push({ path: entry.path, mode: entry.mode, content });
  }
  return entries;
}

function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
