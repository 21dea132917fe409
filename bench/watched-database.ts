/**
 * A connection pool whose statements are counted and timed, and which tells when a pass over a task began and ended: the
 * claim of its lease and its release.
 */
import { type CompiledQuery, Kysely, type KyselyPlugin, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Database } from '../src/task/database.ts';
import type { Db } from '../src/task/open-database.ts';
import { PreparingClient } from '../src/task/preparing-client.ts';

const INT8 = 20;
const RELEASE = /^update "task" set "lease_holder" = .*"failures" = /;

/** What was counted since the last `reset`. */
export interface Watched {
  readonly db: Db;
  statements(): number;
  /** The ten texts that took longest in all. */
  heaviest(): readonly { readonly text: string; readonly count: number; readonly ms: number }[];
  reset(): void;
}

export interface PassEvents {
  readonly claimed: (taskId: string) => void;
  readonly released: (taskId: string) => void;
}

/** Opens it on a migrated PostgreSQL database. */
export function openWatchedDatabase(url: string, events: PassEvents): Watched {
  const pool = new pg.Pool({
    Client: PreparingClient,
    connectionString: url,
    max: 20,
    types: {
      getTypeParser: (oid, format) =>
        Number(oid) === INT8 && format !== 'binary'
          ? (text: string) => BigInt(text)
          : pg.types.getTypeParser(Number(oid), 'text'),
    },
  });
  const seen = new Map<string, { count: number; ms: number }>();
  const db = new Kysely<Database>({
    dialect: new PostgresDialect({ pool }),
    plugins: [claims(events)],
    log: ({ query, queryDurationMillis }) => {
      const entry = seen.get(query.sql) ?? { count: 0, ms: 0 };
      seen.set(query.sql, { count: entry.count + 1, ms: entry.ms + queryDurationMillis });
      if (RELEASE.test(query.sql)) released(query, events);
    },
  });
  const entries = () => [...seen].map(([text, { count, ms }]) => ({ text, count, ms }));
  return {
    db,
    statements: () => entries().reduce((sum, { count }) => sum + count, 0),
    heaviest: () =>
      entries()
        .toSorted((a, b) => b.ms - a.ms)
        .slice(0, 10),
    reset: () => seen.clear(),
  };
}

function released({ parameters }: CompiledQuery, events: PassEvents): void {
  const id = parameters.at(-2);
  if (typeof id === 'string') events.released(id);
}

/** The claim alone answers with rows of exactly an id and an epoch. */
function claims(events: PassEvents): KyselyPlugin {
  return {
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      for (const row of result.rows)
        if (Object.keys(row).join() === 'id,epoch' && typeof row['id'] === 'string')
          events.claimed(row['id']);
      return result;
    },
  };
}
