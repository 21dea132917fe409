/** Whose job a call is for: the token says it, and nothing else in a request can. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Identity } from '../../src/gateway/identity.ts';
import { changeSetDigest } from '../../src/result/contract/change-set.ts';
import { GATEWAY_PATHS } from '../../src/result/contract/gateway-api.ts';
import { Phase } from '../../src/result/contract/phase-spec.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { loadRound } from '../../src/task/store/load-rounds.ts';
import { buildBaseResults, buildChangeSet, putEntry } from '../builders/change-set.ts';
import { insertRunningRound, type RunningJob } from '../builders/running-job.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';
import { openGateway, refusalReasons, type Send } from './gateway-fixture.ts';

const CHANGED = buildChangeSet(putEntry('src/a.ts'));

describe.each(storeKinds)('calls for a job of somebody else on %s', (kind) => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  const upload = async (send: Send, token: string): Promise<number> =>
    (await send('PUT', GATEWAY_PATHS.changeSet, { token, body: CHANGED })).status;
  const uploadOf = async ({ taskId }: RunningJob): Promise<string | null | undefined> =>
    (await loadRound(store.db, { taskId, attempt: 1, round: 1 }))?.lastUploadDigest;

  it("a token of one job opens nothing of another task, nor of its own round's other job", async () => {
    const send = openGateway(store.db);
    const one = await insertRunningRound(store.db);
    const other = await insertRunningRound(store.db);
    expect(await upload(send, one.work.tokens.work)).toBe(200);
    expect(await upload(send, claimsOf(other.work, 'work'))).toBe(401);
    expect(await uploadOf(other.work)).toBeNull();
    const forged = { token: one.work.tokens.deliver, body: buildBaseResults() };
    expect((await send('PUT', GATEWAY_PATHS.baseResults, forged)).status).toBe(403);
    expect(await upload(send, one.verify.tokens.work)).toBe(403);
    expect(await refusalReasons(store.db, one.taskId)).toEqual(['phase-not-of-job', 'phase-not-of-job']);
  });

  it("counter-test: where a caller's own word for its job is believed, it writes into another task", async () => {
    const send = openGateway(store.db, { identity: believing });
    const other = await insertRunningRound(store.db);
    expect(await uploadOf(other.work)).toBeNull();
    expect(await upload(send, claimsOf(other.work, 'work'))).toBe(200);
    expect(await uploadOf(other.work)).toBe(changeSetDigest(CHANGED));
  });
});

/** What any sandbox can write, once it has seen the names of another's branch and job. */
function claimsOf(job: RunningJob, phase: Phase): string {
  return [job.taskId, job.name, phase].join(':');
}

/** Takes a token's claims as they stand. */
const believing: Identity = {
  identify: async (token) => {
    const [taskId = '', jobName = '', phase] = token.split(':');
    const proven = { attempt: 1, round: 1, kind: 'work', podUid: null } as const;
    return { ok: true, caller: { ...proven, taskId, jobName, phase: Phase.parse(phase) } };
  },
};
