import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { reserve } from '../../src/ledger/reserve.ts';
import { reserveOpen } from '../../src/ledger/reserve-open.ts';
import { settle } from '../../src/ledger/settle.ts';
import type { Db, OpenStore } from '../../src/task/open-database.ts';
import { checkPhase, type PhaseCaller } from '../../src/task/store/check-phase.ts';
import { reservation, rowEnd } from '../builders/ledger.ts';
import { insertRunningRound } from '../builders/running-job.ts';
import { openTestStore, postgresUrl, storeKinds } from '../fixtures/test-store.ts';

let count = 0;

function nextRow(): string {
  count += 1;
  return `open-${count}`;
}

/** A job whose phase is work, and a scope that exists; `ask` wants 2,000 of its cap. */
async function openWork(db: Db, capNanoUsd = 10_000n) {
  const { taskId, work } = await insertRunningRound(db);
  const caller: PhaseCaller = { taskId, jobName: work.name, phase: 'work', podUid: null };
  await db.transaction().execute((trx) => checkPhase(trx, caller));
  const scopes = [{ id: `task:${taskId}`, capNanoUsd }];
  const ask = () => reservation({ rowId: nextRow(), taskId, jobName: work.name, scopes });
  const first = ask();
  await reserve({ db }, first);
  await settle(db, rowEnd(first.rowId, 0n));
  return { taskId, caller, ask, scope: `task:${taskId}` };
}

type Open = Awaited<ReturnType<typeof openWork>>;

const heldIn = async (db: Db, { scope }: Open): Promise<bigint> => {
  const row = await db
    .selectFrom('ledger_scope')
    .select('reserved_nano_usd')
    .where('id', '=', scope)
    .executeTakeFirstOrThrow();
  return row.reserved_nano_usd;
};

const CLOSED: readonly [what: string, change: (db: Db, open: Open) => Promise<unknown>][] = [
  [
    'its job is closed',
    (db, { caller }) =>
      db.updateTable('job').set({ closed_at: new Date() }).where('name', '=', caller.jobName).execute(),
  ],
  [
    'its job is bound to another pod',
    (db, { caller }) =>
      db.updateTable('job').set({ bound_uid: 'other' }).where('name', '=', caller.jobName).execute(),
  ],
  [
    'its job has not entered phase work',
    (db, { caller }) =>
      db.updateTable('job').set({ phase: 'setup' }).where('name', '=', caller.jobName).execute(),
  ],
  [
    'its task is being aborted',
    (db, { taskId }) => db.updateTable('task').set({ abort: '{}' }).where('id', '=', taskId).execute(),
  ],
  [
    'its task has ended',
    (db, { taskId }) =>
      db
        .updateTable('task')
        .set({ state: 'ended', outcome: 'aborted', ended_at: new Date() })
        .where('id', '=', taskId)
        .execute(),
  ],
  [
    'its task is in another round',
    (db, { taskId }) => db.updateTable('task').set({ round: 2 }).where('id', '=', taskId).execute(),
  ],
  [
    'its round has ended',
    (db, { taskId }) =>
      db.updateTable('round').set({ ended_at: new Date() }).where('task_id', '=', taskId).execute(),
  ],
  [
    'an earlier answer named a price that we lack',
    (db, { taskId }) =>
      db
        .updateTable('ledger_row')
        .set({ flags: ['unpriced'] })
        .where('task_id', '=', taskId)
        .execute(),
  ],
  [
    'the cap was spent by another call',
    (db, { scope }) =>
      db.updateTable('ledger_scope').set({ spent_nano_usd: 8_001n }).where('id', '=', scope).execute(),
  ],
];

describe.each(storeKinds)('a reservation in one round trip on %s', (kind) => {
  let store: OpenStore;
  let open: Open;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    open = await openWork(store.db);
  });

  it('writes the row that the longer way writes', async () => {
    const long = open.ask();
    const short = open.ask();
    const same = { kind: 'reserved', maxTokens: 2_000, reservedNanoUsd: 2_000n };
    expect(await reserve(store, long)).toEqual(same);
    expect(await reserveOpen(store.db, open.caller, short)).toMatchObject(same);
    const row = (rowId: string) =>
      store.db
        .selectFrom('ledger_row')
        .selectAll()
        .where('id', '=', rowId)
        .executeTakeFirstOrThrow()
        .then(({ id: _id, created_at: _at, lease_until: _until, ...rest }) => rest);
    expect(await row(short.rowId)).toEqual(await row(long.rowId));
    expect(await heldIn(store.db, open)).toBe(4_000n);
  });

  it.each(CLOSED)('is not made where %s, and nothing is written', async (_, change) => {
    await change(store.db, open);
    const wanted = open.ask();
    expect(await reserveOpen(store.db, open.caller, wanted)).toBeNull();
    const row = await store.db
      .selectFrom('ledger_row')
      .select('id')
      .where('id', '=', wanted.rowId)
      .executeTakeFirst();
    expect(row).toBeUndefined();
    expect(await heldIn(store.db, open)).toBe(0n);
  });

  it('is not made for another pod, another phase, a new scope, or more than is left', async () => {
    const wanted = open.ask();
    const stranger = { ...open.caller, podUid: 'other' };
    expect(await reserveOpen(store.db, stranger, wanted)).toBeNull();
    expect(await reserveOpen(store.db, { ...open.caller, phase: 'setup' }, wanted)).toBeNull();
    const scopes = [...wanted.scopes, { id: `task:${open.taskId}:new`, capNanoUsd: 10_000n }];
    expect(await reserveOpen(store.db, open.caller, { ...wanted, scopes })).toBeNull();
    expect(await reserveOpen(store.db, open.caller, { ...wanted, inputNanoUsd: 8_001n })).toBeNull();
    expect(await heldIn(store.db, open)).toBe(0n);
    expect(await reserveOpen(store.db, open.caller, { ...wanted, inputNanoUsd: 8_000n })).not.toBeNull();
  });
});

describe.runIf(postgresUrl)('reservations in one round trip side by side (PostgreSQL)', () => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore('postgres');
  });
  afterAll(() => store.close());

  it('never hold more than the cap: 64 at once, of which 5 fit', async () => {
    const open = await openWork(store.db, 10_500n);
    const answers = await Promise.all(
      Array.from({ length: 64 }, () => reserveOpen(store.db, open.caller, open.ask())),
    );
    expect(answers.filter((answer) => answer !== null)).toHaveLength(5);
    expect(await heldIn(store.db, open)).toBe(10_000n);
  });

  it('wait for a closing that has begun, and see it', async () => {
    const open = await openWork(store.db);
    const waiting: { answer?: Promise<unknown> } = {};
    await store.db.transaction().execute(async (trx) => {
      await trx.selectFrom('task').select('id').where('id', '=', open.taskId).forUpdate().execute();
      waiting.answer = reserveOpen(store.db, open.caller, open.ask());
      await trx
        .updateTable('job')
        .set({ closed_at: new Date() })
        .where('name', '=', open.caller.jobName)
        .execute();
    });
    expect(await waiting.answer).toBeNull();
    expect(await heldIn(store.db, open)).toBe(0n);
  });
});
