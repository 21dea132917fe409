/** Reads bytes by their digest. Whoever needs proof hashes them again: the store is ours, its backups may not be. */
import type { Digest } from '../../shared/digest.ts';
import { GloveboxError } from '../../shared/errors.ts';
import type { Db } from '../open-database.ts';

/** The bytes kept under `digest`. Errors: `blob-missing`. */
export async function getBlob(db: Db, digest: Digest): Promise<Uint8Array> {
  const row = await db.selectFrom('blob').select('bytes').where('digest', '=', digest).executeTakeFirst();
  if (row) return row.bytes;
  throw new GloveboxError({
    code: 'blob-missing',
    message: `The store holds no bytes for '${digest}', which the record names: expected them since the record was written. Restore the store from a backup.`,
  });
}
