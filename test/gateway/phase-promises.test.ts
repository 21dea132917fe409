/** Whose call each endpoint of the gateway takes, and in which phase: the promises of identity that it keeps. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeSetDigest } from '../../src/result/contract/change-set.ts';
import { GATEWAY_PATHS } from '../../src/result/contract/gateway-api.ts';
import type { Phase } from '../../src/result/contract/phase-spec.ts';
import { systemRandom } from '../../src/shared/ids.ts';
import { issueToken } from '../../src/shared/token.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { closeRoundJobs } from '../../src/task/store/close-round-jobs.ts';
import { buildBaseResults, buildChangeSet, buildNewResults, putEntry } from '../builders/change-set.ts';
import { insertRunningRound } from '../builders/running-job.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';
import { openGateway, refusalReasons, type Send } from './gateway-fixture.ts';

const CHANGED = buildChangeSet(putEntry('src/a.ts'));
const DIGEST = changeSetDigest(CHANGED);
const HEARTBEAT = { phase: 'work', state: 'running', step: null, failure: null, facts: null };
const SEAL = { digest: DIGEST, narrative: 'Done.', end: 'finished' };

/** Every endpoint with a body that it would take. */
const CALLS: readonly [
  name: string,
  method: string,
  path: string,
  body: unknown,
  phases: readonly Phase[],
][] = [
  ['spec', 'GET', GATEWAY_PATHS.spec, undefined, ['fetch', 'setup', 'work', 'deliver']],
  ['heartbeat', 'POST', GATEWAY_PATHS.heartbeat, HEARTBEAT, ['work']],
  ['change set', 'PUT', GATEWAY_PATHS.changeSet, CHANGED, ['work']],
  ['seal', 'POST', GATEWAY_PATHS.seal, SEAL, ['work']],
  ['base results', 'PUT', GATEWAY_PATHS.baseResults, buildBaseResults(), ['deliver']],
  ['sealed', 'GET', GATEWAY_PATHS.sealed, undefined, ['deliver']],
  ['new results', 'PUT', GATEWAY_PATHS.newResults, buildNewResults(DIGEST), ['deliver']],
];

describe.each(storeKinds)('the gateway on %s', (kind) => {
  let store: OpenStore;
  let send: Send;
  beforeAll(async () => {
    store = await openTestStore(kind);
    send = openGateway(store.db);
  });
  afterAll(() => store.close());

  describe.each(CALLS)('%s', (_, method, path, body, phases) => {
    it.each(['fetch', 'setup', 'work', 'deliver'] as const)(
      'is for its phases only: asked in %s',
      async (phase) => {
        const { taskId, work, verify } = await insertRunningRound(store.db);
        const token = (phase === 'deliver' ? verify : work).tokens[phase];
        const answer = await send(method, path, { token, body });
        if (phases.includes(phase)) expect(answer.status).not.toBe(403);
        else if (path === GATEWAY_PATHS.heartbeat) expect(answer.status).toBe(422);
        else {
          expect(answer.status).toBe(403);
          expect(await refusalReasons(store.db, taskId)).toEqual([`path is not for phase ${phase}`]);
        }
      },
    );

    it('is refused without a token, with a stranger, and with one of another scheme: 401, and nothing else is said', async () => {
      const { work } = await insertRunningRound(store.db);
      const headers = [
        {},
        { authorization: `Bearer ${issueToken(systemRandom)}` },
        { authorization: `Basic ${work.tokens.work}` },
        { authorization: work.tokens.work },
        { 'x-api-key': work.tokens.work },
        { authorization: `Bearer ${work.tokens.work} ${work.tokens.work}` },
      ];
      const bodies = new Set<string>();
      for (const each of headers) {
        const answer = await send(method, path, { body, headers: each });
        expect(answer.status).toBe(401);
        bodies.add(await answer.text());
      }
      expect(bodies.size).toBe(1);
    });

    it('is closed with its job, whatever the reason: 403, the reason in the audit alone', async () => {
      const { taskId, work, verify } = await insertRunningRound(store.db);
      await store.db
        .transaction()
        .execute((trx) => closeRoundJobs(trx, { taskId, attempt: 1, round: 1 }, 'aborted'));
      const job = phases.includes('deliver') && !phases.includes('work') ? verify : work;
      const phase = job === verify ? 'deliver' : 'work';
      const answer = await send(method, path, { token: job.tokens[phase], body });
      expect(answer.status).toBe(403);
      expect(await answer.json()).toEqual({
        error: { code: 'phase-closed', message: 'This phase, its job or its round is over: stop.' },
      });
      expect(await refusalReasons(store.db, taskId)).toEqual(['job-closed']);
    });
  });

  it('a token that setup smuggled to work opens nothing any more', async () => {
    const { taskId, work } = await insertRunningRound(store.db);
    expect((await send('GET', GATEWAY_PATHS.spec, { token: work.tokens.setup })).status).toBe(200);
    expect((await send('GET', GATEWAY_PATHS.spec, { token: work.tokens.work })).status).toBe(200);
    for (const phase of ['fetch', 'setup'] as const) {
      const token = work.tokens[phase];
      expect((await send('GET', GATEWAY_PATHS.spec, { token })).status).toBe(403);
      expect(
        (await send('POST', GATEWAY_PATHS.heartbeat, { token, body: { ...HEARTBEAT, phase } })).status,
      ).toBe(403);
    }
    expect(await refusalReasons(store.db, taskId)).toEqual([
      'phase-over',
      'phase-over',
      'phase-over',
      'phase-over',
    ]);
  });

  it('counter-test: before work has begun the smuggled token still opens its phase', async () => {
    const { work } = await insertRunningRound(store.db);
    for (let times = 0; times < 2; times += 1) {
      expect((await send('GET', GATEWAY_PATHS.spec, { token: work.tokens.setup })).status).toBe(200);
    }
  });

  it('an abort that is on its way stops the sandbox by the heartbeat and closes all else', async () => {
    const { taskId, work } = await insertRunningRound(store.db);
    const token = work.tokens.work;
    await store.db
      .updateTable('task')
      .set({ abort: JSON.stringify({ login: 'octocat', at: '2026-01-05T14:05:02.000Z' }) })
      .where('id', '=', taskId)
      .execute();
    const answer = await send('POST', GATEWAY_PATHS.heartbeat, { token, body: HEARTBEAT });
    expect(await answer.json()).toEqual({ stop: true, verifyEnded: false });
    expect((await send('PUT', GATEWAY_PATHS.changeSet, { token, body: CHANGED })).status).toBe(403);
    expect(await refusalReasons(store.db, taskId)).toEqual(['task-aborting']);
  });

  it('tells deliver that verify is dead', async () => {
    const { verify } = await insertRunningRound(store.db);
    await store.db.updateTable('job').set({ verify_ended: true }).where('name', '=', verify.name).execute();
    const body = { ...HEARTBEAT, phase: 'deliver' };
    const answer = await send('POST', GATEWAY_PATHS.heartbeat, { token: verify.tokens.deliver, body });
    expect(await answer.json()).toEqual({ stop: false, verifyEnded: true });
  });

  it('records a refusal that is repeated without end a few times only', async () => {
    const { taskId, work } = await insertRunningRound(store.db);
    for (let times = 0; times < 12; times += 1) {
      await send('GET', GATEWAY_PATHS.sealed, { token: work.tokens.work });
    }
    expect(await refusalReasons(store.db, taskId)).toHaveLength(5);
  });
});
