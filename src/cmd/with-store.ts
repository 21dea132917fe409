/** Opens the store for a command that reads or asks, and closes it again. */
import { readStoreEnv } from '../config/env.ts';
import { type Db, openDatabase } from '../task/open-database.ts';
import { storeLocation } from './process-parts.ts';

/** Runs `work` on the store that the environment names. Errors: the store's, `env-invalid`. */
export async function withStore<Result>(work: (db: Db) => Promise<Result>): Promise<Result> {
  const store = await openDatabase(storeLocation(readStoreEnv()));
  try {
    return await work(store.db);
  } finally {
    await store.close();
  }
}
