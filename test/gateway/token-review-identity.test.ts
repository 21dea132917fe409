/** Who calls, on a cluster, by a TokenReview: the contract of every identity, and how far what was proven reaches. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Identity } from '../../src/gateway/identity.ts';
import { createTokenReviewIdentity } from '../../src/gateway/token-review-identity.ts';
import { GATEWAY_PATHS } from '../../src/result/contract/gateway-api.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { mintPodTokens } from '../builders/pod-tokens.ts';
import { insertRunningRound, type RunningJob } from '../builders/running-job.ts';
import {
  type BenchJob,
  type BenchRound,
  type IdentityBench,
  identityContract,
} from '../contracts/identity-contract.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { FakeTokenReviews } from '../fakes/fake-token-reviews.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';
import { openGateway, refusalReasons } from './gateway-fixture.ts';

const NAMESPACE = 'glovebox-sandbox';
async function openBench(kind: 'pglite' | 'postgres'): Promise<IdentityBench> {
  const store = await openTestStore(kind);
  const reviews = new FakeTokenReviews();
  return {
    db: store.db,
    identity: createTokenReviewIdentity({ db: store.db, reviews, clock: systemClock }),
    async openRound(): Promise<BenchRound> {
      const { taskId, work, verify } = await insertRunningRound(store.db, {}, NAMESPACE);
      return { taskId, work: mintPodTokens(reviews, work), verify: mintPodTokens(reviews, verify) };
    },
    async foreignTokens({ work }) {
      const own = `glovebox-work.${work.name}`;
      const pod = { name: `${work.name}-x7k2p`, uid: randomUUID() };
      const dead = { name: `${work.name}-dead1`, uid: randomUUID() };
      reviews.deletePod(dead.uid);
      const mint = reviews.mint.bind(reviews);
      return [
        {
          what: 'made up',
          token: reviews.forge(work.tokens.work ?? ''),
          reason: 'token-not-authenticated',
        },
        {
          what: 'of a deleted pod',
          token: mint({ audiences: [own], pod: dead }),
          reason: 'token-not-authenticated',
        },
        {
          what: 'of a pod elsewhere',
          token: mint({ audiences: [own], pod, namespace: 'default' }),
          reason: 'namespace-foreign',
        },
        {
          what: 'of another account',
          token: mint({ audiences: [own], pod, account: 'default' }),
          reason: 'account-foreign',
        },
        { what: 'of no pod', token: mint({ audiences: [own] }), reason: 'pod-missing' },
        {
          what: 'of a pod that is not the job’s',
          token: mint({ audiences: [own], pod: { name: 'shell', uid: randomUUID() } }),
          reason: 'pod-foreign',
        },
        { what: 'for the API server', token: mint({ audiences: ['kubernetes'], pod }), reason: null },
        { what: 'for two', token: mint({ audiences: [own, 'kubernetes'], pod }), reason: null },
        {
          what: 'for verify',
          token: mint({ audiences: [`glovebox-verify.${work.name}`], pod }),
          reason: null,
        },
        {
          what: 'for a job that nobody made',
          token: mint({ audiences: ['glovebox-work.gb-222222-work-0123456789'], pod }),
          reason: null,
        },
      ];
    },
    secondSandbox: async (job) => mintPodTokens(reviews, job),
    async breakBackend() {
      reviews.isAway = true;
    },
    close: () => store.close(),
  };
}

describe.each(storeKinds)('identity by TokenReview on %s', (kind) => {
  identityContract(() => openBench(kind));
});

describe.each(storeKinds)('what a TokenReview proved, on %s', (kind) => {
  let store: Awaited<ReturnType<typeof openTestStore>>;
  let reviews: FakeTokenReviews;
  let clock: FakeClock;
  let job: RunningJob;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  /** A replica of its own: nothing in memory. */
  const replica = (): Identity => createTokenReviewIdentity({ db: store.db, reviews, clock });
  const begin = async (): Promise<BenchJob> => {
    reviews = new FakeTokenReviews();
    clock = new FakeClock(Date.now());
    job = (await insertRunningRound(store.db, {}, NAMESPACE)).work;
    return mintPodTokens(reviews, job);
  };
  const tokenOf = (pod: BenchJob, phase: 'fetch' | 'setup' | 'work' = 'work'): string =>
    pod.tokens[phase] ?? '';

  it('costs one review for each phase, however many replicas and calls', async () => {
    const pod = await begin();
    const replicas = [replica(), replica(), replica()];
    for (const phase of ['fetch', 'setup', 'work'] as const) {
      for (let times = 0; times < 10; times += 1) {
        for (const each of replicas)
          expect(await each.identify(tokenOf(pod, phase))).toMatchObject({ ok: true });
      }
    }
    expect(reviews.reviewed).toHaveLength(3);
  });

  it('costs one review for many calls at once, and one more for a renewed token', async () => {
    const pod = await begin();
    const one = replica();
    await Promise.all(Array.from({ length: 50 }, () => one.identify(tokenOf(pod))));
    expect(reviews.reviewed).toHaveLength(1);
    const renewed = reviews.mint({
      audiences: [`glovebox-work.${job.name}`],
      pod: { name: `${job.name}-x7k2p`, uid: pod.podUid ?? '' },
      expiresAt: clock.now() + 1_000_000,
    });
    expect(await one.identify(renewed)).toEqual(await one.identify(tokenOf(pod)));
    expect(reviews.reviewed).toHaveLength(2);
  });

  it('stands in the record by the hash alone, with pod, credential and end', async () => {
    const pod = await begin();
    await replica().identify(tokenOf(pod));
    const rows = await store.db
      .selectFrom('phase_token')
      .selectAll()
      .where('job_name', '=', job.name)
      .where('pod_uid', 'is not', null)
      .execute();
    expect(rows).toMatchObject([{ phase: 'work', pod_uid: pod.podUid, credential_id: 'JTI=test' }]);
    expect(JSON.stringify(rows)).not.toContain(tokenOf(pod).split('.')[2]);
  });

  it('goes on on every replica while the API server is away; what is unknown waits', async () => {
    const pod = await begin();
    await replica().identify(tokenOf(pod));
    reviews.isAway = true;
    expect(await replica().identify(tokenOf(pod))).toMatchObject({ ok: true });
    await expect(replica().identify(tokenOf(pod, 'setup'))).rejects.toMatchObject({
      code: 'identity-unavailable',
    });
    reviews.isAway = false;
    expect(await replica().identify(tokenOf(pod, 'setup'))).toMatchObject({ ok: true });
  });

  it('ends with the token: neither memory nor record honours it longer', async () => {
    const pod = await begin();
    const one = replica();
    expect(await one.identify(tokenOf(pod))).toMatchObject({ ok: true });
    reviews.deletePod(pod.podUid ?? '');
    clock.advance(599_000);
    expect(await one.identify(tokenOf(pod))).toMatchObject({ ok: true });
    clock.advance(2_000);
    for (const each of [one, replica()]) {
      expect(await each.identify(tokenOf(pod))).toMatchObject({ reason: 'token-not-authenticated' });
    }
  });

  it('says nothing of whether the phase is open: a closed job is refused though its token is cached', async () => {
    const pod = await begin();
    const send = openGateway(store.db, { identity: replica() });
    expect((await send('GET', GATEWAY_PATHS.spec, { token: tokenOf(pod) })).status).toBe(200);
    await store.db
      .updateTable('job')
      .set({ closed_at: new Date(), closed_reason: 'lost' })
      .where('name', '=', job.name)
      .execute();
    expect((await send('GET', GATEWAY_PATHS.spec, { token: tokenOf(pod) })).status).toBe(403);
    expect(await refusalReasons(store.db, job.taskId)).toEqual(['job-closed']);
    expect(reviews.reviewed).toHaveLength(1);
  });

  it('is never taken from a token that we issued ourselves for one machine', async () => {
    await begin();
    expect(await replica().identify(job.tokens.work)).toEqual({ ok: false, reason: 'token-malformed' });
    expect(reviews.reviewed).toEqual([]);
  });
});
