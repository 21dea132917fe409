import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenStore } from '../../src/task/open-database.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

describe.runIf(storeKinds.includes('postgres'))('statements on PostgreSQL', () => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore('postgres');
    await sql`create table note (id int, text text)`.execute(store.db);
    await sql`insert into note values (1, 'one')`.execute(store.db);
  });
  afterAll(() => store.close());

  const preparedLike = async (text: string, run: (db: OpenStore['db']) => Promise<unknown>) =>
    store.db.connection().execute(async (db) => {
      await run(db);
      await run(db);
      const { rows } = await sql`
        select name from pg_prepared_statements where statement like ${text} and statement not like '%pg_prepared%'
      `.execute(db);
      return rows.length;
    });

  it('with parameters are planned once a connection', async () => {
    const read = (db: OpenStore['db']) => sql`select text from note where id = ${1}`.execute(db);
    expect(await preparedLike('select text from note where%', read)).toBe(1);
  });

  it('without parameters are not kept', async () => {
    const read = (db: OpenStore['db']) => sql`select text from note`.execute(db);
    expect(await preparedLike('select text from note', read)).toBe(0);
  });

  it.each([
    ['all columns', sql`select * from note where id = ${1}`],
    ['all columns of a table', sql`select note.* from note where id = ${1}`],
    ['all columns of what was written', sql`update note set text = 'one' where id = ${1} returning *`],
  ])('that read %s go on when another process has added one', async (_, read) => {
    await store.db.connection().execute(async (db) => {
      await read.execute(db);
      await sql`alter table note add column more int`.execute(store.db);
      expect((await read.execute(db)).rows).toHaveLength(1);
      await sql`alter table note drop column more`.execute(store.db);
    });
  });

  it('counter-test: kept prepared, such a statement fails from then on', async () => {
    await store.db.connection().execute(async (db) => {
      await sql`prepare kept as select * from note`.execute(db);
      await sql`execute kept`.execute(db);
      await sql`alter table note add column more int`.execute(store.db);
      await expect(sql`execute kept`.execute(db)).rejects.toThrow('must not change result type');
      await sql`alter table note drop column more`.execute(store.db);
    });
  });
});
