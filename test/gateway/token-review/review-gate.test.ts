/** Reviews that made-up tokens may cost the API server: few, and none of those that an honest pod needs. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Identity } from '../../../src/gateway/identity.ts';
import { createTokenReviewIdentity } from '../../../src/gateway/token-review-identity.ts';
import { GATEWAY_PATHS } from '../../../src/result/contract/gateway-api.ts';
import { mintPodTokens } from '../../builders/pod-tokens.ts';
import { insertRunningRound, type RunningJob } from '../../builders/running-job.ts';
import type { BenchJob } from '../../contracts/identity-contract.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { FakeTokenReviews } from '../../fakes/fake-token-reviews.ts';
import { openTestStore, storeKinds } from '../../fixtures/test-store.ts';
import { openGateway } from '../gateway-fixture.ts';

const NAMESPACE = 'glovebox-sandbox';

describe.each(storeKinds)('made-up tokens, on %s', (kind) => {
  let store: Awaited<ReturnType<typeof openTestStore>>;
  let reviews: FakeTokenReviews;
  let clock: FakeClock;
  let job: RunningJob;
  let pod: BenchJob;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    reviews = new FakeTokenReviews();
    clock = new FakeClock(Date.now());
    job = (await insertRunningRound(store.db, {}, NAMESPACE)).work;
    pod = mintPodTokens(reviews, job);
  });

  /** A replica of its own: nothing in memory. */
  const replica = (): Identity => createTokenReviewIdentity({ db: store.db, reviews, clock });
  const tokenOf = ({ tokens }: BenchJob, phase: 'fetch' | 'work' = 'work'): string => tokens[phase] ?? '';

  it('a hostile sandbox that makes up 1,000 tokens costs few reviews, and its neighbours none of theirs', async () => {
    const one = replica();
    const send = openGateway(store.db, { identity: one });
    await Promise.allSettled(Array.from({ length: 1_000 }, () => one.identify(reviews.forge(tokenOf(pod)))));
    expect(reviews.reviewed.length).toBeLessThanOrEqual(20);
    const neighbour = mintPodTokens(reviews, (await insertRunningRound(store.db, {}, NAMESPACE)).work);
    expect((await send('GET', GATEWAY_PATHS.spec, { token: tokenOf(neighbour) })).status).toBe(200);
  });

  it('counter-test: without a bound each made-up token would cost a review', async () => {
    await Promise.allSettled(
      Array.from({ length: 100 }, () => replica().identify(reviews.forge(tokenOf(pod)))),
    );
    expect(reviews.reviewed).toHaveLength(100);
  });

  it('a refused token is not asked about again for some seconds', async () => {
    const one = replica();
    const forged = reviews.forge(tokenOf(pod));
    for (let times = 0; times < 100; times += 1) await one.identify(forged);
    expect(reviews.reviewed).toHaveLength(1);
    clock.advance(6_000);
    await one.identify(forged);
    expect(reviews.reviewed).toHaveLength(2);
  });

  it('a sandbox that makes up tokens uses up the reviews of its own address, not those of whom it names', async () => {
    const one = replica();
    const flood = Array.from({ length: 1_000 }, () => one.identify(reviews.forge(tokenOf(pod)), '10.0.0.1'));
    await Promise.allSettled(flood);
    expect(reviews.reviewed).toHaveLength(20);
    const more = one.identify(reviews.forge(tokenOf(pod)), '10.0.0.1');
    await expect(more).rejects.toMatchObject({ code: 'identity-unavailable' });
    expect(await one.identify(tokenOf(pod), '10.0.0.2')).toMatchObject({ ok: true });
  });

  it('takes no more than 64 reviews at once from a slow API server, whoever asks', async () => {
    const slow = { review: () => new Promise<never>(() => {}) };
    const one = createTokenReviewIdentity({ db: store.db, reviews: slow, clock });
    let refused = 0;
    for (let pods = 0; pods < 100; pods += 1) {
      void one.identify(reviews.forge(tokenOf(pod)), `10.0.1.${pods}`).catch(() => {
        refused += 1;
      });
    }
    await expect.poll(() => refused).toBe(36);
  });

  it('strangers who name a job cannot keep its own pod out once the job is bound to it', async () => {
    const one = replica();
    const send = openGateway(store.db, { identity: one });
    expect((await send('GET', GATEWAY_PATHS.spec, { token: tokenOf(pod, 'fetch') })).status).toBe(200);
    const stranger = reviews.mint({
      audiences: [`glovebox-work.${job.name}`],
      pod: { name: 'shell', uid: randomUUID() },
    });
    await Promise.allSettled(Array.from({ length: 200 }, () => one.identify(reviews.forge(stranger))));
    expect(reviews.reviewed.length).toBeLessThanOrEqual(21);
    await expect(one.identify(reviews.forge(stranger))).rejects.toMatchObject({
      code: 'identity-unavailable',
    });
    expect((await send('GET', GATEWAY_PATHS.spec, { token: tokenOf(pod) })).status).toBe(200);
  });
});
