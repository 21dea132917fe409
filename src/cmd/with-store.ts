/** Opens the store for a command that reads or asks, and closes it again. */
import { readStoreEnv } from '../config/env.ts';
import { GloveboxError } from '../shared/errors.ts';
import { type Db, openDatabase } from '../task/open-database.ts';
import { isStoreMade, storeLocation } from './process-parts.ts';

/** Runs `work` on the store that the environment names; makes none. Errors: the store's, `store-unmade`, `env-invalid`. */
export async function withStore<Result>(work: (db: Db) => Promise<Result>): Promise<Result> {
  const env = readStoreEnv();
  const location = storeLocation(env);
  if (!isStoreMade(location)) throw unmade(env.home);
  const store = await openDatabase(location);
  try {
    return await work(store.db);
  } finally {
    await store.close();
  }
}

function unmade(home: string): GloveboxError {
  return new GloveboxError({
    code: 'store-unmade',
    message: `There is no store in '${home}', and DATABASE_URL is not set: expected the store of a bot. Set DATABASE_URL, or GLOVEBOX_HOME to the folder that \`glovebox start\` made, then run again.`,
  });
}
