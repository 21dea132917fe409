/** Tokens that open no model: the caller reads one sentence, the audit says why, and a storm of them fills no record. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Identified } from '../../src/gateway/identity.ts';
import { createLocalIdentity } from '../../src/gateway/local-identity.ts';
import { createRefusalRecorder } from '../../src/gateway/record-refusal.ts';
import { createLog } from '../../src/shared/log.ts';
import { checkPhase } from '../../src/task/store/check-phase.ts';
import { closeJob } from '../../src/task/store/close-job.ts';
import { insertRunningRound } from '../builders/running-job.ts';
import { startModelGateway, type TestGateway } from '../fixtures/model-gateway.ts';
import { openTestStore } from '../fixtures/test-store.ts';
import { refusalReasons } from './gateway-fixture.ts';

describe('a token that opens no model', () => {
  let store: Awaited<ReturnType<typeof openTestStore>>;
  let gateway: TestGateway;
  const addresses = new Set<string | undefined>();
  beforeAll(async () => {
    store = await openTestStore('pglite');
    const { db } = store;
    const local = createLocalIdentity({ db });
    gateway = await startModelGateway(store, {
      identity: {
        identify: async (token, from) => {
          addresses.add(from);
          return namedInVain(token) ?? local.identify(token);
        },
      },
      checkPhase,
      recordRefusal: createRefusalRecorder({ db, log: createLog('silent') }),
    });
  });
  afterAll(async () => {
    await gateway.close();
    await store.close();
  });

  const ask = async (token: string, path = '/v1/models'): Promise<unknown> => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await gateway.app.request(path, { headers });
    const { error } = z.object({ error: z.object({ message: z.string() }) }).parse(await answer.json());
    return [answer.status, error.message];
  };
  const REFUSED = [401, 'The token is not valid here, or its phase is over. Stop.'];

  it('is of another phase', async () => {
    const { taskId, work } = await insertRunningRound(store.db);
    expect(await ask(work.tokens.setup)).toEqual(REFUSED);
    expect(await refusalReasons(store.db, taskId)).toEqual(['phase-setup']);
  });

  it('is of a closed job', async () => {
    const { taskId, work } = await insertRunningRound(store.db);
    await store.db.transaction().execute((trx) => closeJob(trx, work.name, 'aborted'));
    expect(await ask(work.tokens.work)).toEqual(REFUSED);
    expect(await refusalReasons(store.db, taskId)).toEqual(['phase-closed']);
  });

  it('is told with the address that it came from to whoever proves tokens', async () => {
    expect(await ask('nobody')).toEqual(REFUSED);
    expect([...addresses]).toEqual(['127.0.0.1']);
  });

  it('is a stranger’s who names the job', async () => {
    const { taskId, work } = await insertRunningRound(store.db);
    expect(await ask(`stranger:${taskId}:${work.name}`)).toEqual(REFUSED);
    expect(await refusalReasons(store.db, taskId)).toEqual(['namespace-foreign']);
  });

  it('is recorded a few times, whoever asks without end; strangers crowd out none of the job’s own', async () => {
    const { taskId, work } = await insertRunningRound(store.db);
    for (let times = 0; times < 40; times += 1) {
      await ask(`stranger:${taskId}:${work.name}`, `/v1/models/${times}`);
    }
    expect(await refusalReasons(store.db, taskId)).toHaveLength(5);
    for (let times = 0; times < 8; times += 1) await ask(work.tokens.setup);
    const reasons = await refusalReasons(store.db, taskId);
    expect(reasons.filter((reason) => reason === 'phase-setup')).toHaveLength(5);
  });
});

/** What an adapter says of a stranger's token that names a job: `stranger:TASK:JOB`. */
function namedInVain(token: string): Identified | null {
  const [, taskId, jobName] = /^stranger:([^:]+):([^:]+)$/.exec(token) ?? [];
  if (taskId === undefined || jobName === undefined) return null;
  return { ok: false, reason: 'namespace-foreign', target: { taskId, jobName } };
}
