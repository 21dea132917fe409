import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenStore, openDatabase } from '../../src/task/open-database.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

const folders: string[] = [];
async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'glovebox-store-'));
  folders.push(folder);
  return folder;
}
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

describe.each(storeKinds)('the store on %s', (kind) => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  it('gives int8 as bigint, beyond what a double holds', async () => {
    const { rows } = await sql<{ value: unknown }>`select 9007199254740993::int8 as value`.execute(store.db);
    expect(rows[0]?.value).toBe(9007199254740993n);
  });

  it('takes bigint parameters exactly', async () => {
    await store.db
      .insertInto('ledger_scope')
      .values({ id: 'task:x', cap_nano_usd: 9007199254740993n })
      .execute();
    const row = await store.db.selectFrom('ledger_scope').selectAll().executeTakeFirstOrThrow();
    expect(row).toEqual({
      id: 'task:x',
      cap_nano_usd: 9007199254740993n,
      spent_nano_usd: 0n,
      reserved_nano_usd: 0n,
    });
  });

  it('allows one open task per issue', async () => {
    const row = {
      installation_id: 1n,
      repository_id: 2n,
      owner: 'octo-org',
      repo: 'clock',
      private: false,
      issue_number: 42,
      state: 'accepted',
      requester: '{}',
    };
    await store.db
      .insertInto('task')
      .values({ ...row, id: 'aaaaaa' })
      .execute();
    await expect(
      store.db
        .insertInto('task')
        .values({ ...row, id: 'bbbbbb' })
        .execute(),
    ).rejects.toThrow(/task_open/);
    // Counter-test: without the index the second one is there.
    const stop = new Error('undo');
    const withoutIndex = store.db.transaction().execute(async (trx) => {
      await sql`drop index task_open`.execute(trx);
      await trx
        .insertInto('task')
        .values({ ...row, id: 'bbbbbb' })
        .execute();
      const open = await trx.selectFrom('task').select('id').where('issue_number', '=', 42).execute();
      expect(open).toHaveLength(2);
      throw stop;
    });
    await expect(withoutIndex).rejects.toBe(stop);
  });
});

describe('a schema that is newer than this program', () => {
  it('is refused with the name of the unknown migration', async () => {
    const folder = await temporaryFolder();
    const store = await openDatabase({ kind: 'pglite', folder });
    await sql`insert into kysely_migration (name, timestamp) values ('9999-future', 'now')`.execute(store.db);
    await store.close();
    await expect(openDatabase({ kind: 'pglite', folder })).rejects.toMatchObject({ code: 'store-newer' });
  });
});

describe('an embedded store in a folder', () => {
  it('serves one process: a second opening is refused with the holder, and works once the first has closed', async () => {
    const folder = join(await temporaryFolder(), 'store');
    const first = await openDatabase({ kind: 'pglite', folder });
    await expect(openDatabase({ kind: 'pglite', folder })).rejects.toMatchObject({ code: 'store-in-use' });
    await first.close();
    await (await openDatabase({ kind: 'pglite', folder })).close();
  });

  it('takes over the lock of a process that was killed', async () => {
    const folder = join(await temporaryFolder(), 'store');
    await writeFile(`${folder}.lock`, JSON.stringify({ pid: 2 ** 22 - 1, start: '1' }));
    await (await openDatabase({ kind: 'pglite', folder })).close();
  });
});
