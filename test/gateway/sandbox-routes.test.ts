import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChangeSet } from '../../src/result/contract/change-set.ts';
import { changeSetDigest } from '../../src/result/contract/change-set.ts';
import { GATEWAY_PATHS, HeartbeatAnswer, UploadAnswer } from '../../src/result/contract/gateway-api.ts';
import { PhaseSpec, SealedSet } from '../../src/result/contract/phase-spec.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { insertRunningRound } from '../builders/running-job.ts';
import { BASE_SHA } from '../builders/task-row.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';
import { openGateway, type Send } from './gateway-fixture.ts';

const changed: ChangeSet = {
  baseSha: BASE_SHA,
  entries: [{ op: 'put', path: 'src/a.ts', mode: '100644', contentBase64: 'YQ==' }],
  ignoredFiles: 0,
  setupAltered: [],
};

describe.each(storeKinds)('the line of one round through the gateway on %s', (kind) => {
  let store: OpenStore;
  let send: Send;
  beforeAll(async () => {
    store = await openTestStore(kind);
    send = openGateway(store.db, {
      classifyHarness: (paths) => paths.filter((path) => path.includes('test')),
    });
  });
  afterAll(() => store.close());

  it('goes from spec to delivered results', async () => {
    const { work, verify } = await insertRunningRound(store.db);
    const token = work.tokens.work;
    const spec = PhaseSpec.parse(await (await send('GET', GATEWAY_PATHS.spec, { token })).json());
    expect(spec.phase).toBe('work');
    const beat = { phase: 'work', state: 'running', step: 'edited src/a.ts', failure: null, facts: null };
    const answer = await send('POST', GATEWAY_PATHS.heartbeat, { token, body: beat });
    expect(HeartbeatAnswer.parse(await answer.json())).toEqual({ stop: false, verifyEnded: false });
    const upload = await send('PUT', GATEWAY_PATHS.changeSet, { token, body: changed });
    expect(UploadAnswer.parse(await upload.json())).toEqual({ digest: changeSetDigest(changed) });
    const seal = { digest: changeSetDigest(changed), narrative: 'Fixed.', end: 'finished' };
    expect((await send('POST', GATEWAY_PATHS.seal, { token, body: seal })).status).toBe(200);
    expect((await send('POST', GATEWAY_PATHS.heartbeat, { token, body: beat })).status).toBe(403);

    const deliver = { token: verify.tokens.deliver };
    expect((await send('GET', GATEWAY_PATHS.sealed, deliver)).status).toBe(409);
    const base = await send('PUT', GATEWAY_PATHS.baseResults, { ...deliver, body: { cells: [] } });
    expect(base.status).toBe(204);
    const sealed = SealedSet.parse(await (await send('GET', GATEWAY_PATHS.sealed, deliver)).json());
    expect(sealed).toEqual({ digest: changeSetDigest(changed), changeSet: changed, harnessPaths: [] });
    const results = { digest: sealed.digest, complete: true, cells: [] };
    expect((await send('PUT', GATEWAY_PATHS.newResults, { ...deliver, body: results })).status).toBe(204);
    expect((await send('GET', GATEWAY_PATHS.spec, deliver)).status).toBe(403);
  });

  it('refuses a path that is not in its table, and a method that a path does not take', async () => {
    const { work } = await insertRunningRound(store.db);
    const token = work.tokens.work;
    expect((await send('GET', '/sandbox/nothing', { token })).status).toBe(404);
    expect((await send('DELETE', GATEWAY_PATHS.spec, { token })).status).toBe(405);
    expect((await send('GET', '/sandbox/nothing', {})).status).toBe(401);
  });
});
