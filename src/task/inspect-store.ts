/** Looks at a store without changing it: its server, its schema against what this program knows, its clock. */
import { sql } from 'kysely';
import type { Clock } from '../shared/clock.ts';
import { MIGRATIONS } from './migrations/all.ts';
import { appliedMigrations, connectDatabase, type StoreLocation, unreachable } from './open-database.ts';

/** What was seen. */
export interface StoreFacts {
  /** `17.2`. */
  readonly serverVersion: string;
  /** Migrations that the store holds. */
  readonly applied: readonly string[];
  /** Held, but unknown to this program: written by a newer one. */
  readonly unknown: readonly string[];
  /** Known, but not held yet: the next start of bot or gateway brings them. */
  readonly missing: readonly string[];
  /** The store's clock minus ours in milliseconds, and by how much this may be wrong. */
  readonly aheadMs: number;
  readonly errorMs: number;
}

/** Connects, looks, closes. Errors: `store-unreachable`, `store-in-use`. */
export async function inspectStore(location: StoreLocation, clock: Clock): Promise<StoreFacts> {
  const { db, close } = connectDatabase(location);
  try {
    const version = await sql<{ server_version: string }>`show server_version`.execute(db);
    const askedAt = clock.now();
    const time = await sql<{ ms: number }>`
      select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`.execute(db);
    const errorMs = (clock.now() - askedAt) / 2;
    const applied = await appliedMigrations(db);
    return {
      serverVersion: version.rows[0]?.server_version ?? '',
      applied,
      unknown: applied.filter((name) => !Object.hasOwn(MIGRATIONS, name)),
      missing: Object.keys(MIGRATIONS).filter((name) => !applied.includes(name)),
      aheadMs: (time.rows[0]?.ms ?? Number.NaN) - askedAt - errorMs,
      errorMs,
    };
  } catch (cause) {
    throw unreachable(location, cause);
  } finally {
    await close();
  }
}
