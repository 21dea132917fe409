/** Identity against a real API server: its own tokens, its own reviews, as an account that may do nothing else. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubeTokenReviews, REVIEW_TIMEOUT_MS } from '../../src/gateway/kube-token-review.ts';
import { createTokenReviewIdentity } from '../../src/gateway/token-review-identity.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { insertRunningRound } from '../builders/running-job.ts';
import { type IdentityBench, identityContract } from '../contracts/identity-contract.ts';
import { clusterHere, inNamespace, type TestNamespace } from '../fixtures/cluster.ts';
import { clusterTokens } from '../fixtures/cluster-tokens.ts';
import { mintFor, openIdentityWorld, podOf } from '../fixtures/identity-world.ts';
import { accessOf } from '../fixtures/kube-access.ts';
import { openTestStore } from '../fixtures/test-store.ts';

const TIMEOUT_MS = 120_000;

async function openBench(): Promise<IdentityBench> {
  const world = await openIdentityWorld();
  const { cluster, namespace, store } = world;
  const elsewhere = await inNamespace('identity-elsewhere');
  await cluster.makeAccount(elsewhere.name, 'sandbox');
  return {
    db: store.db,
    identity: world.identity,
    async openRound() {
      const { taskId, work, verify } = await world.openRound();
      return { taskId, work: await podOf(world, work), verify: await podOf(world, verify) };
    },
    async foreignTokens({ work }) {
      const own = `glovebox-work.${work.name}`;
      const pod = await cluster.makePod(namespace, `${work.name}-foreign`);
      const foreignPod = await cluster.makePod(elsewhere.name, `${work.name}-foreign`);
      const shell = await cluster.makePod(namespace, 'shell');
      const defaultPod = await cluster.makePod(namespace, `${work.name}-default`, 'default');
      const dead = await cluster.makePod(namespace, `${work.name}-dead`);
      const ofDead = await mintFor(cluster, dead, own);
      await cluster.deletePod(dead);
      const sandbox = { namespace, name: 'sandbox' };
      const [header, payload] = (await mintFor(cluster, pod, own)).split('.');
      return [
        {
          what: 'of a pod elsewhere, with the right audience',
          token: await mintFor(cluster, foreignPod, own),
          reason: 'namespace-foreign',
        },
        {
          what: 'of another account',
          token: await cluster.mint({ namespace, name: 'default' }, [own], defaultPod),
          reason: 'account-foreign',
        },
        { what: 'of no pod', token: await cluster.mint(sandbox, [own]), reason: 'pod-missing' },
        {
          what: 'of a pod that is not the job’s',
          token: await mintFor(cluster, shell, own),
          reason: 'pod-foreign',
        },
        { what: 'of a deleted pod', token: ofDead, reason: 'token-not-authenticated' },
        {
          what: 'with a signature of its own',
          token: `${header}.${payload}.${Buffer.alloc(256, 7).toString('base64url')}`,
          reason: 'token-not-authenticated',
        },
        { what: 'for the API server', token: await cluster.mint(sandbox, [], pod), reason: null },
        { what: 'for us and another', token: await mintFor(cluster, pod, own, 'kubernetes'), reason: null },
        {
          what: 'for verify',
          token: await mintFor(cluster, pod, `glovebox-verify.${work.name}`),
          reason: null,
        },
        {
          what: 'for a job that nobody made',
          token: await mintFor(cluster, pod, 'glovebox-work.gb-222222-work-0123456789'),
          reason: null,
        },
      ];
    },
    secondSandbox: (job) => podOf(world, job),
    async breakBackend() {
      world.state.isAway = true;
    },
    async close() {
      await world.close();
      await elsewhere.close();
    },
  };
}

describe.runIf(clusterHere)('identity on a real cluster', { timeout: TIMEOUT_MS }, () => {
  identityContract(openBench);
});

describe.runIf(clusterHere)('a gateway that may not ask', { timeout: TIMEOUT_MS }, () => {
  let namespace: TestNamespace;
  beforeAll(async () => {
    namespace = await inNamespace('identity');
  }, TIMEOUT_MS);
  afterAll(() => namespace.close(), TIMEOUT_MS);

  it('passes nobody, and is not ready', async () => {
    const cluster = clusterTokens();
    const powerless = await cluster.reviewer(namespace.name, false);
    await cluster.makeAccount(namespace.name, 'sandbox');
    const store = await openTestStore('pglite');
    const access = accessOf(powerless.config, REVIEW_TIMEOUT_MS);
    const reviews = kubeTokenReviews(access);
    try {
      const identity = createTokenReviewIdentity({ db: store.db, reviews, clock: systemClock });
      const { work } = await insertRunningRound(store.db, {}, namespace.name);
      const pod = await cluster.makePod(namespace.name, `${work.name}-p`);
      const token = await mintFor(cluster, pod, `glovebox-work.${work.name}`);
      await expect(identity.identify(token)).rejects.toMatchObject({ code: 'identity-unavailable' });
      await expect(identity.probe()).rejects.toMatchObject({ code: 'identity-unavailable' });
    } finally {
      await access.close();
      await store.close();
    }
  });
});
