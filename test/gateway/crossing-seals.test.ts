/** Uploads, seals and results of one round that cross between two replicas of the gateway: one of each is taken, and none that is old. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeSetDigest } from '../../src/result/contract/change-set.ts';
import { GATEWAY_PATHS } from '../../src/result/contract/gateway-api.ts';
import { type OpenStore, openDatabase } from '../../src/task/open-database.ts';
import { loadRound } from '../../src/task/store/load-rounds.ts';
import { buildBaseResults, buildChangeSet, putEntry } from '../builders/change-set.ts';
import { insertRunningRound } from '../builders/running-job.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';
import { openGateway } from './gateway-fixture.ts';

const CHANGED = buildChangeSet(putEntry('src/a.ts'));
const OTHER = buildChangeSet(putEntry('src/a.ts', 'other'));
const SEAL = { digest: changeSetDigest(CHANGED), narrative: 'Done.', end: 'finished' };

describe.runIf(storeKinds.includes('postgres'))('two replicas of the gateway', () => {
  let store: Awaited<ReturnType<typeof openTestStore>>;
  let other: OpenStore;
  beforeAll(async () => {
    store = await openTestStore('postgres');
    other = await openDatabase({ kind: 'postgres', url: store.url ?? '', maxConnections: 4 });
  });
  afterAll(async () => {
    await other.close();
    await store.close();
  });

  it('take one seal of two, and one set of base results of two', async () => {
    const sends = [openGateway(store.db), openGateway(other.db)] as const;
    for (let run = 0; run < 5; run += 1) {
      const { taskId, work, verify } = await insertRunningRound(store.db);
      await sends[0]('PUT', GATEWAY_PATHS.changeSet, { token: work.tokens.work, body: CHANGED });
      const seals = await Promise.all(
        sends.map((send, index) =>
          send('POST', GATEWAY_PATHS.seal, {
            token: work.tokens.work,
            body: { ...SEAL, narrative: `${index}` },
          }),
        ),
      );
      expect(seals.map((answer) => answer.status).sort()).toEqual([200, 403]);
      const bases = await Promise.all(
        sends.map((send, index) =>
          send('PUT', GATEWAY_PATHS.baseResults, {
            token: verify.tokens.deliver,
            body: buildBaseResults({ durationMs: index }),
          }),
        ),
      );
      expect(bases.map((answer) => answer.status).sort()).toEqual([204, 409]);
      const round = await loadRound(store.db, { taskId, attempt: 1, round: 1 });
      const winner = seals.findIndex((answer) => answer.status === 200);
      expect(round?.narrative).toBe(`${winner}`);
    }
  });

  it('never seal a change set that is not the last upload, however uploads and seals cross', async () => {
    const sends = [openGateway(store.db), openGateway(other.db)] as const;
    for (let run = 0; run < 5; run += 1) {
      const { taskId, work } = await insertRunningRound(store.db);
      const token = work.tokens.work;
      await sends[0]('PUT', GATEWAY_PATHS.changeSet, { token, body: CHANGED });
      await Promise.all([
        sends[0]('PUT', GATEWAY_PATHS.changeSet, { token, body: OTHER }),
        sends[1]('POST', GATEWAY_PATHS.seal, { token, body: SEAL }),
      ]);
      const round = await loadRound(store.db, { taskId, attempt: 1, round: 1 });
      expect([null, round?.lastUploadDigest]).toContain(round?.sealedDigest);
    }
  });
});
