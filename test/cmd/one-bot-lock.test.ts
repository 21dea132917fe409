/** One bot per database, proven on PostgreSQL: a second one is refused, and the lock is free once its holder has died. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takeBotLock } from '../../src/cmd/one-bot-lock.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

describe.runIf(storeKinds.includes('postgres'))('the lock of the one bot', () => {
  let store: Awaited<ReturnType<typeof openTestStore>>;
  let url: string;
  let observer: pg.Client;
  beforeAll(async () => {
    store = await openTestStore('postgres');
    url = store.url ?? '';
    observer = new pg.Client({ connectionString: url });
    await observer.connect();
  });
  afterAll(async () => {
    await observer.end();
    await store.close();
  });

  /** Ends whoever holds an advisory lock of this database, as an administrator or a dying server would. */
  const endHolders = () =>
    observer.query(`
      select pg_terminate_backend(pid) from pg_locks
      where locktype = 'advisory' and granted
        and database = (select oid from pg_database where datname = current_database())`);

  it('refuses a second bot as `bot-running`, and lets it in once the first has released', async () => {
    const first = await takeBotLock(url);
    await expect(takeBotLock(url)).rejects.toMatchObject({ code: 'bot-running' });
    await first.release();
    const second = await takeBotLock(url);
    await second.release();
  });

  it('says `lost` when its connection is gone, and another bot gets the lock then', async () => {
    const first = await takeBotLock(url);
    const waiting = takeBotLock(url);
    await endHolders();
    await first.lost;
    const second = await waiting;
    await second.release();
  });
});
