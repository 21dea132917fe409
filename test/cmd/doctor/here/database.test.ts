/** What the doctor says of the store: from facts, and from a real one that it must leave as it is. */
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { databaseCheck, judgeStore } from '../../../../src/cmd/doctor/here/database.ts';
import { systemClock } from '../../../../src/shared/clock.ts';
import { inspectStore, type StoreFacts } from '../../../../src/task/inspect-store.ts';
import { MIGRATIONS } from '../../../../src/task/migrations/all.ts';
import { connectDatabase } from '../../../../src/task/open-database.ts';
import { openTestStore, postgresUrl } from '../../../fixtures/test-store.ts';

const FACTS: StoreFacts = {
  serverVersion: '17.2 (Debian 17.2-1)',
  applied: ['0001-record', '0002-audit'],
  unknown: [],
  missing: [],
  aheadMs: 3,
  errorMs: 1,
};

describe('what is said of a store', () => {
  it.each<{ name: string; facts: Partial<StoreFacts>; says: [string, string] }>([
    { name: 'that fits', facts: {}, says: ['ok', 'PostgreSQL 17.2, schema 2'] },
    {
      name: 'of an old server',
      facts: { serverVersion: '13.1' },
      says: ['fails', 'PostgreSQL 13.1 is too old'],
    },
    { name: 'without a version', facts: { serverVersion: '' }, says: ['fails', 'PostgreSQL  is too old'] },
    {
      name: 'of a newer program',
      facts: { unknown: ['0099-later'] },
      says: ['fails', "PostgreSQL 17.2, schema has '0099-later', which this program does not know"],
    },
    {
      name: 'not migrated yet',
      facts: { missing: ['0003-ledger'] },
      says: ['warns', 'PostgreSQL 17.2, schema 2 of 3'],
    },
  ])('$name', ({ facts, says }) => {
    const { state, text } = judgeStore({ ...FACTS, ...facts });
    expect([state, text]).toEqual(says);
  });
});

describe.runIf(postgresUrl !== undefined)('a look at PostgreSQL', () => {
  it('sees its version, its schema and its clock', async () => {
    const store = await openTestStore('postgres');
    const location = { kind: 'postgres', url: store.url ?? '', maxConnections: 1 } as const;
    try {
      const facts = await inspectStore(location, systemClock);
      expect(facts).toMatchObject({ applied: Object.keys(MIGRATIONS), unknown: [], missing: [] });
      expect(Number.parseInt(facts.serverVersion, 10)).toBeGreaterThanOrEqual(14);
      expect(Math.abs(facts.aheadMs)).toBeLessThan(1_000 + facts.errorMs);
    } finally {
      await store.close();
    }
  });

  it('leaves a database without our schema without it, and says that all of it is missing', async () => {
    const store = await openTestStore('postgres');
    const location = { kind: 'postgres', url: store.url ?? '', maxConnections: 1 } as const;
    try {
      await sql`drop schema public cascade`.execute(store.db);
      await sql`create schema public`.execute(store.db);
      const facts = await inspectStore(location, systemClock);
      expect(facts).toMatchObject({ applied: [], missing: Object.keys(MIGRATIONS) });
      const { db, close } = connectDatabase(location);
      expect(await db.introspection.getTables({ withInternalKyselyTables: true })).toEqual([]);
      await close();
    } finally {
      await store.close();
    }
  });
});

it('says what does not answer, without the password of its URL', async () => {
  const url = 'postgres://octocat:hunter22@127.0.0.1:1/glovebox';
  const check = databaseCheck(() => inspectStore({ kind: 'postgres', url, maxConnections: 1 }, systemClock));
  await expect(check.run(new AbortController().signal)).rejects.toMatchObject({
    code: 'store-unreachable',
    message: expect.stringMatching(
      /^(?!.*hunter22).*'127\.0\.0\.1:1\/glovebox'.* Start the server or correct DATABASE_URL/,
    ),
  });
});
