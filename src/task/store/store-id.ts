/**
 * The store's own name: 20 letters and digits, made once with the store. Where sandboxes outlive the bot each is marked
 * with it, so that two installations of Glovebox in one namespace leave each other's alone.
 */
import type { Db } from '../open-database.ts';

/** The same for every process on this store. */
export async function readStoreId(db: Db): Promise<string> {
  const row = await db.selectFrom('store_identity').select('id').executeTakeFirstOrThrow();
  return row.id;
}
