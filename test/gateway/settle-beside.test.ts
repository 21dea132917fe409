/** What a call that has ended leaves undone, and what that may hold up: its client never, its money until it is settled. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Caller } from '../../src/gateway/identity.ts';
import { readTranscript } from '../../src/gateway/transcript/read-transcript.ts';
import { recoverLost } from '../../src/ledger/recover.ts';
import { reserveOpen } from '../../src/ledger/reserve-open.ts';
import { checkPhase } from '../../src/task/store/check-phase.ts';
import { taskMoney } from '../../src/task/store/task-money.ts';
import { insertRunningRound } from '../builders/running-job.ts';
import {
  CALLER,
  errorOf,
  question,
  startModelGateway,
  type TestGateway,
  TOKEN,
} from '../fixtures/model-gateway.ts';
import { openTestStore, postgresUrl } from '../fixtures/test-store.ts';

const Listening = z.object({ url: z.string() });

describe.runIf(postgresUrl)('a settlement beside the calls that follow (PostgreSQL)', () => {
  let store: Awaited<ReturnType<typeof openTestStore>>;
  let gateway: TestGateway;
  let holder: pg.Client;
  beforeAll(async () => {
    store = await openTestStore('postgres');
    holder = new pg.Client({ connectionString: store.url ?? '' });
    await holder.connect();
  });
  afterEach(async () => {
    await holder.query('rollback');
    await gateway.close();
    await sql`truncate transcript_call, ledger_row`.execute(store.db);
  });
  afterAll(async () => {
    await holder.end();
    await store.close();
  });

  /** No settlement gets through until `holder` lets go; reservations do. */
  const holdSettlements = async (): Promise<void> => {
    await holder.query('begin');
    await holder.query('lock table transcript_call in access exclusive mode');
  };
  const rows = () => store.db.selectFrom('ledger_row').selectAll().orderBy('created_at').execute();
  const states = async () => (await rows()).map((row) => row.state);
  const stuck = async (): Promise<number> => {
    const { rows: found } = await sql`select pid from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like '%end_call%'`.execute(
      store.db,
    );
    return found.length;
  };
  /** A gateway for a job of the record, whose scopes exist: its reservations take the one round trip. */
  const startForJob = async (): Promise<TestGateway> => {
    const { taskId, work } = await insertRunningRound(store.db);
    const caller: Caller = { ...CALLER, taskId, jobName: work.name };
    await store.db.transaction().execute((trx) => checkPhase(trx, caller));
    const identity = { identify: async () => ({ ok: true, caller }) as const };
    const started = await startModelGateway(store, { identity, checkPhase, reserveOpen });
    await (await started.post(question(say('zero')))).text();
    await expect.poll(states).toEqual(['exact']);
    return started;
  };
  const say = (text: string) => ({ messages: [{ role: 'user', content: text }] });

  it('lets the client have its last byte, and the task its next call, while the store hangs', async () => {
    gateway = await startForJob();
    await holdSettlements();
    expect(await (await gateway.post(question(say('one')))).text()).toContain('All done.');
    expect(await (await gateway.post(question({ ...say('two'), stream: true }))).text()).toContain(
      'message_stop',
    );
    expect(await states()).toEqual(['exact', 'reserved', 'reserved']);
    await holder.query('rollback');
    await expect.poll(states).toEqual(['exact', 'exact', 'exact']);
  });

  it('keeps the reservation open meanwhile, which is what a verdict waits for', async () => {
    gateway = await startModelGateway(store);
    await holdSettlements();
    await (await gateway.post(question())).text();
    const [row] = await rows();
    const open = () => taskMoney(store.db, row?.task_id ?? '');
    expect(await open()).toMatchObject({ openReservations: 1 });
    await holder.query('rollback');
    await expect.poll(open).toMatchObject({ openReservations: 0 });
  });

  it('holds a call up that lacks only the money which the settlement gives back', async () => {
    gateway = await startModelGateway(store, { budgetNanoUsd: 20_000_000n });
    await holdSettlements();
    await (await gateway.post(question())).text();
    const next = gateway.post(question());
    await expect.poll(stuck).toBe(1);
    expect(await states()).toEqual(['reserved']);
    await holder.query('rollback');
    expect((await next).status).toBe(200);
    const sent = gateway.upstream.received.map(({ body }) =>
      z.object({ max_tokens: z.int() }).parse(JSON.parse(body)),
    );
    expect(sent).toEqual([{ max_tokens: 2_000 }, { max_tokens: 2_000 }]);
  });

  it('holds the next call up where the answer named a price that is not known', async () => {
    gateway = await startModelGateway(store);
    gateway.upstream.script({ usage: { quantum_tokens: 5 } });
    await holdSettlements();
    await (await gateway.post(question())).text();
    const next = gateway.post(question());
    await expect.poll(stuck).toBe(1);
    await holder.query('rollback');
    const refused = await next;
    expect(refused.status).toBe(402);
    expect((await errorOf(refused)).message).toContain('quantum_tokens');
  });

  it('records a call whole when the record that it goes on from was lost with the database', async () => {
    gateway = await startModelGateway(store);
    const first = { role: 'user', content: 'one' };
    const answer = { role: 'assistant', content: [{ type: 'text', text: 'All done.' }] };
    await (await gateway.post(question({ messages: [first] }))).text();
    await expect.poll(states).toEqual(['exact']);
    // as after a crash: what was not on disk is gone, unlogged tables are empty, and the gateway does not know
    await sql`delete from database_life`.execute(store.db);
    await store.db.deleteFrom('transcript_call').execute();
    await store.db.deleteFrom('transcript_chunk').execute();
    const messages = [first, answer, { role: 'user', content: 'two' }];
    await (await gateway.post(question({ messages }))).text();
    await expect.poll(states).toEqual(['exact', 'exact']);
    const [row] = await rows();
    const calls = await readTranscript(store.db, { taskId: row?.task_id ?? '' });
    expect(calls.map((call) => call.allMessages)).toEqual([messages]);
  });

  it('leaves a row that is settled at its whole reservation when the gateway is killed after the last byte', async () => {
    gateway = await startModelGateway(store);
    const child = fork(new URL('../fixtures/gateway-child.ts', import.meta.url), [store.url ?? '']);
    const exited = once(child, 'exit');
    const { url } = Listening.parse((await once(child, 'message'))[0]);
    await holdSettlements();
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(question({ stream: true })) };
    expect(await (await fetch(`${url}/v1/messages`, init)).text()).toContain('message_stop');
    await expect.poll(stuck).toBe(1);
    child.kill('SIGKILL');
    await exited;
    // the statement dies with its connection, as it would have before it was sent
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like '%end_call%'`.execute(
      store.db,
    );
    await expect.poll(stuck).toBe(0);
    await holder.query('rollback');
    expect(await states()).toEqual(['reserved']);
    await store.db
      .updateTable('ledger_row')
      .set({ lease_until: new Date(0) })
      .execute();
    await recoverLost(store.db);
    const [row] = await rows();
    expect(row).toMatchObject({ state: 'bounded', flags: ['gateway-lost'] });
    expect(row?.settled_nano_usd).toBe(row?.reserved_nano_usd);
  });
});
