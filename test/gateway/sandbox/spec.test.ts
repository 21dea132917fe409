import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Caller, Identity } from '../../../src/gateway/identity.ts';
import { changeSetDigest } from '../../../src/result/contract/change-set.ts';
import { GATEWAY_PATHS } from '../../../src/result/contract/gateway-api.ts';
import { PhaseSpec } from '../../../src/result/contract/phase-spec.ts';
import type { OpenStore } from '../../../src/task/open-database.ts';
import { putChangeSet } from '../../../src/task/store/change-set-blob.ts';
import { buildChangeSet, putEntry } from '../../builders/change-set.ts';
import { insertJob, insertRunningRound } from '../../builders/running-job.ts';
import { insertRound } from '../../builders/task-row.ts';
import { openTestStore, storeKinds } from '../../fixtures/test-store.ts';
import { openGateway, refusalReasons } from '../gateway-fixture.ts';

describe.each(storeKinds)('GET /sandbox/spec on %s', (kind) => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  async function readSpec(send: ReturnType<typeof openGateway>, token: string): Promise<PhaseSpec> {
    return PhaseSpec.parse(await (await send('GET', GATEWAY_PATHS.spec, { token })).json());
  }

  it('gives a first round nothing to resume', async () => {
    const { work } = await insertRunningRound(store.db);
    const send = openGateway(store.db, {
      readConversation: () => Promise.reject(new Error('not asked for')),
    });
    expect(await readSpec(send, work.tokens.work)).toMatchObject({ phase: 'work', round: 1, resume: null });
  });

  it('gives a later round the change set it goes on from, the conversation, and what failed in the round it mends', async () => {
    const { taskId } = await insertRunningRound(store.db);
    const changeSet = buildChangeSet(putEntry('src/a.ts'));
    await putChangeSet(store.db, changeSet);
    await insertRound(store.db, taskId, { number: 2 });
    await store.db.updateTable('task').set({ round: 2 }).where('id', '=', taskId).execute();
    await store.db
      .updateTable('round')
      .set({ resume_digest: changeSetDigest(changeSet), follows_round: 1 })
      .where('task_id', '=', taskId)
      .where('number', '=', 2)
      .execute();
    const work = await insertJob(store.db, { taskId, kind: 'work', round: 2 });
    const send = openGateway(store.db, {
      readConversation: async (_, key) => [{ role: 'user', content: JSON.stringify(key) }],
      readFailingOutput: async (_, key) => [{ label: 'output', text: JSON.stringify(key) }],
    });
    expect(await readSpec(send, work.tokens.work)).toMatchObject({
      round: 2,
      resume: { changeSet, messages: [{ content: JSON.stringify({ taskId, attempt: 1 }) }] },
      untrusted: [{}, { label: 'output', text: JSON.stringify({ taskId, attempt: 1, round: 1 }) }],
    });
  });

  it('has a fresh nonce each time, made of the randomness that was given', async () => {
    const { work } = await insertRunningRound(store.db);
    let calls = 0;
    const send = openGateway(store.db, {
      random: (size) => {
        calls += 1;
        return new Uint8Array(size).fill(calls);
      },
    });
    const nonces = [await readSpec(send, work.tokens.work), await readSpec(send, work.tokens.work)];
    expect(nonces).toMatchObject([{ nonce: '01'.repeat(16) }, { nonce: '02'.repeat(16) }]);
  });

  it('binds the job to the first pod that asks: the second gets nothing, and no call of a pod counts before', async () => {
    const { taskId, work } = await insertRunningRound(store.db);
    const identity: Identity = {
      identify: async (podUid) => ({ ok: true, caller: { ...callerOf(taskId, work.name), podUid } }),
    };
    const send = openGateway(store.db, { identity });
    const body = { phase: 'fetch', state: 'running', step: null, failure: null, facts: null };
    const status = async (token: string): Promise<number> =>
      (await send('GET', GATEWAY_PATHS.spec, { token })).status;
    expect((await send('POST', GATEWAY_PATHS.heartbeat, { token: 'pod-a', body })).status).toBe(403);
    expect([await status('pod-a'), await status('pod-b'), await status('pod-a')]).toEqual([200, 403, 200]);
    expect((await send('POST', GATEWAY_PATHS.heartbeat, { token: 'pod-a', body })).status).toBe(200);
    expect((await send('POST', GATEWAY_PATHS.heartbeat, { token: 'pod-b', body })).status).toBe(403);
    expect(await refusalReasons(store.db, taskId)).toEqual(['pod-unbound', 'other-pod', 'other-pod']);
  });
});

function callerOf(taskId: string, jobName: string): Omit<Caller, 'podUid'> {
  return { taskId, attempt: 1, round: 1, jobName, kind: 'work', phase: 'fetch' };
}
