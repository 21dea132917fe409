/** What the gateway answers, and what the audit says, before and after the rows of old tokens were deleted. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTokenReviewIdentity } from '../../src/gateway/token-review-identity.ts';
import { GATEWAY_PATHS } from '../../src/result/contract/gateway-api.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { tokenHash } from '../../src/shared/token.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { forgetTokens } from '../../src/task/store/forget-tokens.ts';
import { insertRunningRound, type RunningJob } from '../builders/running-job.ts';
import { FakeTokenReviews } from '../fakes/fake-token-reviews.ts';
import { ControllerWorld } from '../fixtures/controller-world.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';
import { openGateway, refusalReasons } from './gateway-fixture.ts';

const MINUTE_MS = 60_000;

describe.each(storeKinds)('rows of old tokens on %s', (kind) => {
  let store: OpenStore;
  let reviews: FakeTokenReviews;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    reviews = new FakeTokenReviews();
    await store.db.deleteFrom('phase_token').execute();
  });

  /** Asks for the spec at a replica that remembers nothing. */
  const ask = async (token: string, onCluster = true) => {
    const identity = createTokenReviewIdentity({ db: store.db, reviews, clock: systemClock });
    const send = openGateway(store.db, onCluster ? { identity } : {});
    return (await send('GET', GATEWAY_PATHS.spec, { token })).status;
  };
  const hashes = async () =>
    (await store.db.selectFrom('phase_token').select('hash').execute()).map(({ hash }) => hash);
  const endTask = async ({ taskId }: RunningJob) => {
    const ended = { state: 'ended', outcome: 'aborted', ended_at: new Date() };
    await store.db.updateTable('task').set(ended).where('id', '=', taskId).execute();
    const gone = { closed_at: new Date(), closed_reason: 'sealed', removed_at: new Date() };
    await store.db.updateTable('job').set(gone).where('task_id', '=', taskId).execute();
  };
  /** A pod's token that was proven, and ends so many minutes from now. */
  const provenToken = async (job: RunningJob, minutes: number) => {
    const pod = { name: `${job.name}-x7k2p`, uid: randomUUID() };
    const expiresAt = Date.now() + minutes * MINUTE_MS;
    const token = reviews.mint({ audiences: [`glovebox-work.${job.name}`], pod, expiresAt });
    const row = { hash: tokenHash(token), job_name: job.name, phase: 'work', pod_uid: pod.uid };
    await store.db
      .insertInto('phase_token')
      .values({ ...row, expires_at: new Date(expiresAt) })
      .execute();
    return token;
  };
  const endedJob = async () => {
    const { work } = await insertRunningRound(store.db, {}, 'glovebox-sandbox');
    await endTask(work);
    await store.db.deleteFrom('phase_token').execute();
    return work;
  };

  it('are deleted once their token is long past its end; a replay is refused as before, in answer and audit', async () => {
    const work = await endedJob();
    const token = await provenToken(work, -120);
    expect(await ask(token)).toBe(401);
    expect(await forgetTokens(store.db)).toBe(1);
    expect(await hashes()).toEqual([]);
    expect(await ask(token)).toBe(401);
    expect(await refusalReasons(store.db, work.taskId)).toEqual([
      'token-not-authenticated',
      'token-not-authenticated',
    ]);
    expect(await hashes()).toEqual([]);
  });

  it.each([5, -1, -59])('stay while clocks may differ about the end, %i min from now', async (minutes) => {
    const work = await endedJob();
    const token = await provenToken(work, minutes);
    expect(await forgetTokens(store.db)).toBe(0);
    expect(await hashes()).toEqual([tokenHash(token)]);
  });

  it('stay while their token is good: a smuggled one of a closed job costs no review and says job-closed', async () => {
    const work = await endedJob();
    const token = await provenToken(work, 5);
    await forgetTokens(store.db);
    expect([await ask(token), await ask(token)]).toEqual([403, 403]);
    expect(await refusalReasons(store.db, work.taskId)).toEqual(['job-closed', 'job-closed']);
    expect(reviews.reviewed).toEqual([]);
  });

  it('counter-test: were the row of a good token deleted, its replay would cost another review', async () => {
    const token = await provenToken(await endedJob(), 5);
    await store.db.deleteFrom('phase_token').execute();
    expect(await ask(token)).toBe(403);
    expect(reviews.reviewed).toHaveLength(1);
  });

  it('stay while their task has not ended: its change sets are searched for them', async () => {
    const { work } = await insertRunningRound(store.db, {}, 'glovebox-sandbox');
    const token = await provenToken(work, -6_000);
    await forgetTokens(store.db);
    expect(await hashes()).toContain(tokenHash(token));
    await endTask(work);
    expect(await forgetTokens(store.db)).toBe(1);
    expect(await hashes()).not.toContain(tokenHash(token));
  });

  it('stay where we issued the token ourselves: its replay is refused as that of a closed job', async () => {
    const { work } = await insertRunningRound(store.db);
    await endTask(work);
    expect(await forgetTokens(store.db)).toBe(0);
    expect(await ask(work.tokens.work, false)).toBe(403);
    expect(await refusalReasons(store.db, work.taskId)).toEqual(['job-closed']);
  });

  it('counter-test: without the row of an issued token the audit would know nothing of its replay', async () => {
    const { work } = await insertRunningRound(store.db);
    await endTask(work);
    await store.db.deleteFrom('phase_token').execute();
    expect(await ask(work.tokens.work, false)).toBe(401);
    expect(await refusalReasons(store.db, work.taskId)).toEqual([]);
  });

  it('go in bounded batches, shared by replicas that look at once', async () => {
    const { name } = await endedJob();
    await sql`insert into phase_token (hash, job_name, phase, pod_uid, expires_at)
      select 'old' || n, ${name}, 'work', 'pod', now() - interval '2 hours' from generate_series(1, 10300) n`.execute(
      store.db,
    );
    expect(await forgetTokens(store.db)).toBe(10_000);
    const [one, other] = await Promise.all([forgetTokens(store.db), forgetTokens(store.db)]);
    expect(one + other).toBeLessThanOrEqual(300);
    await forgetTokens(store.db);
    expect(await hashes()).toEqual([]);
  });

  it('go with the resync of the bot', async () => {
    const own = await openTestStore(kind);
    const { work } = await insertRunningRound(own.db, {}, 'glovebox-sandbox');
    await sql`update task set state = 'ended', outcome = 'aborted', ended_at = now()`.execute(own.db);
    await sql`update job set closed_at = now(), ended_at = now(), removed_at = now()`.execute(own.db);
    await sql`update phase_token set pod_uid = 'pod', expires_at = now() - interval '2 hours'`.execute(
      own.db,
    );
    const left = () =>
      own.db.selectFrom('phase_token').selectAll().where('job_name', '=', work.name).execute();
    expect(await left()).not.toEqual([]);
    const world = new ControllerWorld(own.db);
    world.start();
    await expect.poll(left).toEqual([]);
    await world.close();
    await own.close();
  });
});
