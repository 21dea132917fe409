/**
 * Opens the store for a command that reads or asks, and closes it again. The schema is left as it is: bot and gateway
 * migrate at their start, and a command of another version would do it under their feet.
 */
import { readStoreEnv } from '../config/env.ts';
import { GloveboxError } from '../shared/errors.ts';
import { MIGRATIONS } from '../task/migrations/all.ts';
import {
  appliedMigrations,
  connectDatabase,
  type Db,
  type StoreLocation,
  unreachable,
} from '../task/open-database.ts';
import { isStoreMade, storeLocation } from './process-parts.ts';

/** Runs `work` on the store that the environment names; makes none. Errors: `store-unmade`, `env-invalid`, those of `withStoreAt`. */
export async function withStore<Result>(work: (db: Db) => Promise<Result>): Promise<Result> {
  const env = readStoreEnv();
  const location = storeLocation(env);
  if (!isStoreMade(location)) throw unmade(env.home);
  return withStoreAt(location, work);
}

/** The same on this store. Errors: `store-older` or `store-newer` than this program, `store-unreachable`, `store-in-use`. */
export async function withStoreAt<Result>(
  location: StoreLocation,
  work: (db: Db) => Promise<Result>,
): Promise<Result> {
  const { db, close } = connectDatabase(location);
  try {
    const applied = await appliedMigrations(db).catch((cause: unknown) => {
      throw unreachable(location, cause);
    });
    requireOwnSchema(applied);
    return await work(db);
  } finally {
    await close();
  }
}

function requireOwnSchema(applied: readonly string[]): void {
  const unknown = applied.find((name) => !Object.hasOwn(MIGRATIONS, name));
  if (unknown !== undefined) {
    throw new GloveboxError({
      code: 'store-newer',
      message: `The store holds migration '${unknown}', which this command does not know: expected the version of the bot that wrote it. Run this command from that version.`,
    });
  }
  const missing = Object.keys(MIGRATIONS).find((name) => !applied.includes(name));
  if (missing === undefined) return;
  throw new GloveboxError({
    code: 'store-older',
    message: `The store lacks migration '${missing}' of this version, and commands do not migrate: expected the schema of a bot of this version. Start that bot, which brings it, or run this command from the version that runs.`,
  });
}

function unmade(home: string): GloveboxError {
  return new GloveboxError({
    code: 'store-unmade',
    message: `There is no store in '${home}', and DATABASE_URL is not set: expected the store of a bot. Set DATABASE_URL, or GLOVEBOX_HOME to the folder that \`glovebox start\` made, then run again.`,
  });
}
