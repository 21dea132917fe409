/**
 * Change sets in the store, under the identity that every process computes for itself (`changeSetDigest`), not under
 * the digest of one JSON spelling. Of two spellings with one identity the first stays.
 */
import { ChangeSet, changeSetDigest } from '../../result/contract/change-set.ts';
import { canonicalJson, type Digest } from '../../shared/digest.ts';
import { GloveboxError } from '../../shared/errors.ts';
import type { Db } from '../open-database.ts';
import { getBlob } from './get-blob.ts';

/** Stores a change set and answers with its identity. */
export async function putChangeSet(trx: Db, changeSet: ChangeSet): Promise<Digest> {
  const digest = changeSetDigest(changeSet);
  await trx
    .insertInto('blob')
    .values({ digest, bytes: Buffer.from(canonicalJson(changeSet)) })
    .onConflict((conflict) => conflict.column('digest').doNothing())
    .execute();
  return digest;
}

/** The change set with this identity, which is computed anew. Errors: `blob-missing`, `blob-spoilt`. */
export async function getChangeSet(db: Db, digest: Digest): Promise<ChangeSet> {
  const bytes = await getBlob(db, digest);
  const changeSet = ChangeSet.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  if (changeSetDigest(changeSet) === digest) return changeSet;
  throw new GloveboxError({
    code: 'blob-spoilt',
    message: `The stored change set '${digest}' hashes to '${changeSetDigest(changeSet)}': expected the same digest. Restore the store from a backup.`,
  });
}

/** The identity of "nothing was changed" against a base commit. */
export function emptyChangeSet(baseSha: string): ChangeSet {
  return { baseSha, entries: [], ignoredFiles: 0, setupAltered: [] };
}
