/** A real crash of a real database between a call's settlement and the disk: what is lost, and that it is never under. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readTranscript } from '../../src/gateway/transcript/read-transcript.ts';
import { recoverLost } from '../../src/ledger/recover.ts';
import { type OpenStore, openDatabase } from '../../src/task/open-database.ts';
import { question, startModelGateway, type TestGateway } from '../fixtures/model-gateway.ts';
import { type OwnPostgres, postgresPrograms, startOwnPostgres } from '../fixtures/own-postgres.ts';

describe.runIf(postgresPrograms)('a database that crashes right after a call', () => {
  let server: OwnPostgres;
  let store: OpenStore;
  let gateway: TestGateway;
  beforeEach(async () => {
    // the writer of the log sleeps, so that what does not wait for the disk is not on it
    server = await startOwnPostgres(['wal_writer_delay=10s', 'autovacuum=off']);
    store = await openDatabase({ kind: 'postgres', url: server.url, maxConnections: 5 });
    gateway = await startModelGateway(store);
  });
  afterEach(async () => {
    await gateway.close();
    await store.close();
    await server.close();
  });

  const rows = () => store.db.selectFrom('ledger_row').selectAll().orderBy('created_at').execute();
  const states = async () => (await rows()).map((row) => row.state);
  const first = { role: 'user', content: 'one' };
  const answer = { role: 'assistant', content: [{ type: 'text', text: 'All done.' }] };
  const later = [first, answer, { role: 'user', content: 'two' }];

  it('finds the call reserved again, and settles it at its whole reservation', async () => {
    await (await gateway.post(question({ messages: [first] }))).text();
    await expect.poll(states).toEqual(['exact']);
    await server.crash();
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

  it('has the conversation whole once it goes on, though the gateway lived through it', async () => {
    await (await gateway.post(question({ messages: [first] }))).text();
    await expect.poll(states).toEqual(['exact']);
    await server.crash();
    await (await gateway.post(question({ messages: later }))).text();
    await expect.poll(states).toEqual(['reserved', 'exact']);
    const [row] = await rows();
    const calls = await readTranscript(store.db, { taskId: row?.task_id ?? '' });
    expect(calls.map((call) => call.allMessages)).toEqual([later]);
  });

  it('counter-test: what a later reservation took to the disk with it is not lost', async () => {
    await (await gateway.post(question({ messages: [first] }))).text();
    await expect.poll(states).toEqual(['exact']);
    gateway.upstream.script({ gate: () => new Promise(() => {}) });
    const leave = new AbortController();
    const held = gateway.post(question({ messages: later, stream: true }), { signal: leave.signal });
    await expect.poll(states).toEqual(['exact', 'reserved']);
    await server.crash();
    expect((await states())[0]).toBe('exact');
    leave.abort();
    await held.catch(() => {});
    await expect.poll(states).toEqual(['exact', 'bounded']);
  });
});
