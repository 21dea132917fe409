/** Commands look at a store of their own version, and leave the schema of any other as it is. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withStoreAt } from '../../src/cmd/with-store.ts';
import {
  appliedMigrations,
  connectDatabase,
  openDatabase,
  type StoreLocation,
} from '../../src/task/open-database.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

describe.each(storeKinds)('a command on %s', (kind) => {
  let location: StoreLocation;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    if (kind === 'postgres') {
      const store = await openTestStore(kind);
      location = { kind, url: store.url ?? '', maxConnections: 1 };
      remove = store.close;
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), 'glovebox-with-store-'));
    location = { kind, folder: join(folder, 'store') };
    await (await openDatabase(location)).close();
    remove = async () => rmSync(folder, { recursive: true });
  });
  afterEach(() => remove());

  const change = async (statement: string) => {
    const { db, close } = connectDatabase(location);
    await sql.raw(statement).execute(db);
    const applied = await appliedMigrations(db);
    await close();
    return applied;
  };
  const look = () => withStoreAt(location, (db) => db.selectFrom('task').select('id').execute());

  it('reads a store of its own version', async () => {
    expect(await look()).toEqual([]);
  });

  it('refuses an older store, says what brings the schema, and does not bring it itself', async () => {
    const before = await change(
      'delete from kysely_migration where name = (select max(name) from kysely_migration)',
    );
    await expect(look()).rejects.toMatchObject({
      code: 'store-older',
      message: expect.stringMatching(/commands do not migrate.*Start that bot/),
    });
    expect(await change('select 1')).toEqual(before);
  });

  it('makes no schema where there is none', async () => {
    await change('drop schema public cascade');
    await change('create schema public');
    await expect(look()).rejects.toMatchObject({ code: 'store-older' });
    expect(await change('select 1')).toEqual([]);
  });

  it('refuses a newer store', async () => {
    await change("insert into kysely_migration (name, timestamp) values ('9999-later', 'now')");
    await expect(look()).rejects.toMatchObject({ code: 'store-newer' });
  });
});
