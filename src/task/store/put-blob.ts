/** Keeps bytes under their own digest; the same bytes again change nothing. Change sets have `change-set-blob.ts`. */
import { type Digest, digestOf } from '../../shared/digest.ts';
import type { Db } from '../open-database.ts';

/** Stores `bytes` and answers with their SHA-256 digest. */
export async function putBlob(trx: Db, bytes: Uint8Array): Promise<Digest> {
  const digest = digestOf(bytes);
  await trx
    .insertInto('blob')
    .values({ digest, bytes })
    .onConflict((conflict) => conflict.column('digest').doNothing())
    .execute();
  return digest;
}
