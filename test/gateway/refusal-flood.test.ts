/** A sandbox that has one thing to hide among its refusals: whatever it floods the record with, that one is on record. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendAudit } from '../../src/audit/append.ts';
import type { RecordRefusal } from '../../src/gateway/record-refusal.ts';
import { GATEWAY_PATHS } from '../../src/result/contract/gateway-api.ts';
import type { Db, OpenStore } from '../../src/task/open-database.ts';
import { buildBaseResults } from '../builders/change-set.ts';
import { insertRunningRound, type RunningJob } from '../builders/running-job.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';
import { openGateway, refusalReasons, type Send } from './gateway-fixture.ts';

const TIMES = 150;
/** What the agent would rather have nobody see: it tried to write the base results. */
const HIDDEN = 'path is not for phase work';

/** Each is refused anew at every number that it is given. */
const FLOODS: readonly [string, (send: Send, work: RunningJob, at: number) => Promise<Response>][] = [
  [
    'one path again and again',
    (send, { tokens }) => send('GET', GATEWAY_PATHS.spec, { token: tokens.setup }),
  ],
  ['paths that differ', (send, { tokens }, at) => send('GET', `/sandbox/none-${at}`, { token: tokens.work })],
  [
    'bodies that differ',
    (send, { tokens }, at) =>
      send('PUT', GATEWAY_PATHS.changeSet, { token: tokens.work, body: brokenAt(at) }),
  ],
];

describe.each(storeKinds)('a flood of refusals on %s', (kind) => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  /** Floods, and then does what the flood is to hide; answers with the recorded reasons. */
  async function hide(
    flood: (typeof FLOODS)[number][1],
    record?: RecordRefusal,
  ): Promise<readonly unknown[]> {
    const send = openGateway(store.db, record === undefined ? {} : { recordRefusal: record });
    const { taskId, work } = await insertRunningRound(store.db);
    await send('GET', GATEWAY_PATHS.spec, { token: work.tokens.work });
    for (let at = 0; at < TIMES; at += 1) expect((await flood(send, work, at)).ok).toBe(false);
    const forged = { token: work.tokens.work, body: buildBaseResults() };
    expect((await send('PUT', GATEWAY_PATHS.baseResults, forged)).status).toBe(403);
    return refusalReasons(store.db, taskId);
  }

  it.each(FLOODS)('of %s fills no record, and hides no other refusal', async (_what, flood) => {
    const reasons = await hide(flood);
    expect(reasons).toContain(HIDDEN);
    expect(reasons).toHaveLength(6);
  });

  it.each(FLOODS)('of %s fills the record where each is an event (counter-test)', async (_what, flood) => {
    expect(await hide(flood, recordFirst(store.db, Infinity))).toHaveLength(TIMES + 1);
  });

  it.each(FLOODS)(
    'of %s hides it where only their number is bounded (counter-test)',
    async (_what, flood) => {
      const reasons = await hide(flood, recordFirst(store.db, TIMES));
      expect(reasons).toHaveLength(TIMES);
      expect(reasons).not.toContain(HIDDEN);
    },
  );
});

/** The audit without our recorder: the first so many refusals are events. */
function recordFirst(db: Db, most: number): RecordRefusal {
  let count = 0;
  return async ({ caller, path, reason }) => {
    count += 1;
    if (caller === null || count > most) return;
    const data = { job: caller.jobName, path, reason };
    await db
      .transaction()
      .execute((trx) => appendAudit(trx, caller.taskId, { type: 'gateway.refused', data }));
  };
}

/** A change set whose entry of that number is none. */
function brokenAt(at: number): unknown {
  const entry = { op: 'delete', path: 'a' };
  const entries = Array.from({ length: at + 1 }, (_, index) => (index === at ? 7 : entry));
  return { baseSha: 'a'.repeat(40), entries, ignoredFiles: 0, setupAltered: [] };
}
