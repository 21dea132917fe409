/**
 * Opens the store: PostgreSQL where a URL is given, else PGlite in a folder (or in memory), applies the migrations that
 * are missing, and refuses a schema that is newer than this program.
 */
import { Kysely, PGliteDialect, PostgresDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import pg from 'pg';
import { GloveboxError } from '../shared/errors.ts';
import type { Database } from './database.ts';
import { lockFolder } from './folder-lock.ts';
import { MIGRATIONS } from './migrations/all.ts';
import { PreparingClient } from './preparing-client.ts';

/** The store's handle; a transaction has the same type. */
export type Db = Kysely<Database>;

/** Where the store is. `memory` is for tests. */
export type StoreLocation =
  | { readonly kind: 'postgres'; readonly url: string; readonly maxConnections: number }
  | { readonly kind: 'pglite'; readonly folder: string | 'memory' };

const INT8 = 20;

/** A connected store; `close` ends its connections. */
export interface OpenStore {
  readonly db: Db;
  readonly kind: StoreLocation['kind'];
  close(): Promise<void>;
}

/**
 * Connects and migrates. Errors: `store-unreachable` (retry), `store-newer` (this program is too old for the schema),
 * `store-in-use` (an embedded store serves one process), `store-missing` (an image has no embedded store).
 */
export async function openDatabase(location: StoreLocation): Promise<OpenStore> {
  const store = connectDatabase(location);
  try {
    await migrate(store.db);
  } catch (cause) {
    await store.close();
    throw unreachable(location, cause);
  }
  return store;
}

/** The same without migrations, for who only looks; connects with the first query. Error `store-in-use`. */
export function connectDatabase(location: StoreLocation): OpenStore {
  const unlock =
    location.kind === 'pglite' && location.folder !== 'memory' ? lockFolder(location.folder) : () => {};
  const db = location.kind === 'postgres' ? openPostgres(location) : openPglite(location.folder);
  const close = async (): Promise<void> => {
    await db.destroy();
    unlock();
  };
  return { db, kind: location.kind, close };
}

/** `store-unreachable`, which never holds the URL's password; an error of ours stays what it is. */
export function unreachable(location: StoreLocation, cause: unknown): GloveboxError {
  if (cause instanceof GloveboxError) return cause;
  const why = cause instanceof Error ? cause.message : 'unknown error';
  return new GloveboxError({
    code: 'store-unreachable',
    message: `The store at ${describe(location)} cannot be opened: ${why}. ${remedyOf(location)}`,
    retry: true,
    cause,
  });
}

function openPostgres(location: { url: string; maxConnections: number }): Db {
  const pool = new pg.Pool({
    Client: PreparingClient,
    connectionString: location.url,
    max: location.maxConnections,
    connectionTimeoutMillis: 5_000,
    types: {
      getTypeParser: (oid, format) =>
        Number(oid) === INT8 && format !== 'binary'
          ? (text: string) => BigInt(text)
          : pg.types.getTypeParser(Number(oid), 'text'),
    },
  });
  pool.on('error', () => {}); // an idle connection that breaks is replaced by the pool; the next query reports
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
}

/** Loaded only where it is used: the control image carries no embedded store. */
function openPglite(folder: string): Db {
  const pglite = async () => {
    const { PGlite, types } = await import('@electric-sql/pglite').catch(notInThisProgram);
    return PGlite.create({
      ...(folder === 'memory' ? {} : { dataDir: folder }),
      parsers: {
        [types.INT8]: (text: string) => BigInt(text),
        [types.BYTEA]: (hex: string) => Buffer.from(hex.slice(2), 'hex'),
      },
      serializers: {
        [types.INT8]: (value: unknown) => String(value),
        [types.BYTEA]: byteaText,
      },
    });
  };
  return new Kysely<Database>({ dialect: new PGliteDialect({ pglite }) });
}

function notInThisProgram(cause: unknown): never {
  throw new GloveboxError({
    code: 'store-missing',
    message:
      'This program comes without the embedded store: expected PostgreSQL. Set DATABASE_URL, then start again.',
    cause,
  });
}

/** PGlite's own goes byte by byte through JavaScript strings: 1 s a megabyte, in the process that serves everybody. */
function byteaText(value: unknown): string {
  if (!(value instanceof Uint8Array)) throw new TypeError('A bytea parameter must be a Uint8Array.');
  return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`;
}

async function migrate(db: Db): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  await refuseNewer(db);
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}

/** Names of the migrations that the store holds; none where it was never migrated. */
export async function appliedMigrations(db: Db): Promise<readonly string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === 'kysely_migration')) return [];
  const rows = await db
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom('kysely_migration')
    .select('name')
    .orderBy('name')
    .execute();
  return rows.map((row) => row.name);
}

async function refuseNewer(db: Db): Promise<void> {
  const newer = (await appliedMigrations(db)).filter((name) => !Object.hasOwn(MIGRATIONS, name));
  if (newer.length === 0) return;
  throw new GloveboxError({
    code: 'store-newer',
    message: `The store holds migration '${newer[0]}', which this program does not know: it was written by a newer version. Start that version, or restore a backup made before it.`,
  });
}

function remedyOf({ kind }: StoreLocation): string {
  return kind === 'postgres'
    ? 'Start the server or correct DATABASE_URL, then try again.'
    : 'Name another folder, or restore this one from a backup.';
}

function describe(location: StoreLocation): string {
  if (location.kind === 'pglite') return `folder '${location.folder}'`;
  const url = new URL(location.url);
  return `'${url.hostname}:${url.port || '5432'}${url.pathname}'`;
}
