import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { verifyChain } from '../../src/audit/verify-chain.ts';
import { jobSpec } from '../../src/job/job-spec.ts';
import { GloveboxError } from '../../src/shared/errors.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { loadRounds } from '../../src/task/store/load-rounds.ts';
import { requestAbort } from '../../src/task/store/request-abort.ts';
import { buildTask } from '../builders/task-record.ts';
import { buildPin, insertTask } from '../builders/task-row.ts';
import { buildVerdict } from '../builders/verdict.ts';
import { changeTo } from '../fakes/fake-runner.ts';
import { ControllerWorld } from '../fixtures/controller-world.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

const brokenVerdict = buildVerdict({ conclusion: 'failure', reason: 'checks-failed', brokenCount: 1 });

describe.each(storeKinds)('a task on %s', (kind) => {
  let store: OpenStore;
  let world: ControllerWorld;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());
  beforeEach(() => {
    world = new ControllerWorld(store.db);
  });
  afterEach(() => world.close());

  const states = async (taskId: string): Promise<string[]> => {
    const rows = await store.db
      .selectFrom('audit_event')
      .select('data')
      .where('task_id', '=', taskId)
      .where('type', '=', 'task.state')
      .orderBy('seq')
      .execute();
    return rows.map((row) => JSON.parse(JSON.stringify(row.data)).to);
  };

  it('goes from accepted to its pull request, and leaves nothing behind', async () => {
    const id = await insertTask(store.db);
    world.start();
    const { task, jobs } = await world.ended(id);
    expect(task).toMatchObject({
      outcome: 'verified',
      reason: null,
      pullNumber: 43,
      commitSha: 'c'.repeat(40),
    });
    expect(await states(id)).toEqual(['queued', 'working', 'verifying', 'judging', 'publishing', 'ended']);
    expect(jobs.map((job) => job.kind)).toEqual(['work', 'verify']);
    expect(world.sandbox.names()).toEqual([]);
    expect(world.publisher.made).toEqual([id]);
    expect(world.tokens.minted).toHaveLength(2);
    expect(world.tokens.revoked.toSorted()).toEqual(world.tokens.minted.toSorted());
    await world.until(id, () => world.status.texts.at(-1) === 'verified');
    const links = store.db.selectFrom('installation_audit').select('head').where('task_id', '=', id);
    expect(await links.execute()).toEqual([{ head: (await verifyChain(store.db, id)).head }]);
  });

  it('that ends lets the next one of its queue start at once, which else sleeps for minutes', async () => {
    const ids = [await insertTask(store.db), await insertTask(store.db), await insertTask(store.db)];
    world.start({ caps: { repository: 1, installation: 1, all: 1 }, resyncMs: 600_000 });
    for (const id of ids) expect((await world.ended(id)).task.outcome).toBe('verified');
  });

  it('spends further rounds on broken tests, each from the change set before', async () => {
    world.judge.verdict = (task) => (task.round < 3 ? brokenVerdict : buildVerdict());
    const id = await insertTask(store.db);
    world.start();
    const { task } = await world.ended(id);
    expect(task).toMatchObject({
      outcome: 'verified',
      round: 3,
      publishPlan: { round: 3, outcome: 'verified' },
    });
    const rounds = await loadRounds(store.db, id, 1);
    expect(rounds.map((round) => round.followsRound)).toEqual([null, 1, 2]);
    expect(rounds[1]?.resumeDigest).toBe(rounds[0]?.sealedDigest);
    expect(world.judge.judged).toEqual([`${id}/1/1`, `${id}/1/2`, `${id}/1/3`]);
  });

  it('publishes the earlier round where the next one changed nothing, without judging it again', async () => {
    world.judge.verdict = () => brokenVerdict;
    world.runner.work = () => ({ upload: changeTo('always the same'), end: 'seal' });
    const id = await insertTask(store.db);
    world.start();
    const { task } = await world.ended(id);
    expect(task).toMatchObject({ outcome: 'needs-human', round: 2, publishPlan: { round: 1 } });
    expect(world.judge.judged).toEqual([`${id}/1/1`]);
  });

  it('publishes the earlier round where the next one is lost too often, and says why', async () => {
    world.judge.verdict = () => brokenVerdict;
    world.runner.work = (spec) =>
      spec.round === 1
        ? { upload: changeTo('half'), end: 'seal' }
        : { upload: changeTo('more'), end: 'lose' };
    const id = await insertTask(store.db);
    world.start();
    const { task, rounds } = await world.ended(id);
    expect(task).toMatchObject({
      outcome: 'needs-human',
      reason: { code: 'sandbox-lost' },
      pullNumber: 43,
      publishPlan: { round: 1, outcome: 'needs-human' },
    });
    expect(rounds.map((round) => round.lost)).toEqual([false, true, true, true, true]);
    expect(world.judge.judged).toEqual([`${id}/1/1`]);
    expect((await states(id)).slice(-4)).toEqual(['working', 'judging', 'publishing', 'ended']);
  });

  it('publishes the earlier round where the sandbox of the next one is refused', async () => {
    world.judge.verdict = () => brokenVerdict;
    const id = await insertTask(store.db);
    const { sandbox } = world;
    const launch = sandbox.launch.bind(sandbox);
    sandbox.launch = async (spec, tokens) => {
      if (spec.round === 1) return launch(spec, tokens);
      throw new GloveboxError({ code: 'sandbox-refused', message: 'a policy says no' });
    };
    world.start();
    const { task } = await world.ended(id);
    expect(task).toMatchObject({
      outcome: 'needs-human',
      reason: { code: 'sandbox-refused' },
      pullNumber: 43,
      publishPlan: { round: 1 },
    });
  });

  it('that ends while GitHub revokes nothing frees its places at once, and revokes its tokens later', async () => {
    world.tokens.refused = new GloveboxError({ code: 'github-refused', message: 'suspended' });
    const id = await insertTask(store.db);
    world.start();
    const record = await world.until(
      id,
      ({ task, jobs }) => task.state === 'ended' && jobs.every((job) => job.removedAt !== null),
    );
    expect(record.task.outcome).toBe('verified');
    expect(record.jobs.map((job) => job.gitToken)).toEqual([true, true]);
    expect(world.tokens.revoked).toEqual([]);
    world.tokens.refused = null;
    await world.ended(id);
    expect(world.tokens.revoked.toSorted()).toEqual(world.tokens.minted.toSorted());
  });

  it('forgets a token that could not be revoked once it has run out', async () => {
    world.tokens.refused = new GloveboxError({ code: 'github-refused', message: 'suspended' });
    const id = await insertTask(store.db);
    world.start();
    await world.until(id, ({ task }) => task.state === 'ended');
    const past = new Date(Date.now() - 3_700_000);
    await store.db.updateTable('job').set({ launched_at: past }).where('task_id', '=', id).execute();
    await world.ended(id);
    expect(world.tokens.revoked).toEqual([]);
  });

  it('ends with an empty change set without a verify job and without a pull request', async () => {
    world.runner.work = () => ({ upload: null, end: 'seal' });
    const id = await insertTask(store.db);
    world.start();
    const { task, jobs } = await world.ended(id);
    expect(task).toMatchObject({
      outcome: 'needs-human',
      reason: { code: 'change-empty', detail: 'as asked' },
    });
    expect(jobs.map((job) => job.kind)).toEqual(['work']);
    expect(world.publisher.calls).toEqual([]);
  });

  it('seals and judges the last upload of work that its memory limit ended', async () => {
    world.runner.work = () => ({ upload: changeTo('half'), end: 'memory' });
    const id = await insertTask(store.db);
    world.start();
    await world.ended(id);
    const [round] = await loadRounds(store.db, id, 1);
    expect(round).toMatchObject({ sealedBy: 'controller', workEnd: 'limit-memory', lost: false });
    expect(world.judge.judged).toHaveLength(1);
  });

  it('goes on from the last upload after a lost work job, uncounted, and with a fresh verify job', async () => {
    world.runner.work = (spec) =>
      spec.round === 1
        ? { upload: changeTo('half'), end: 'lose' }
        : { upload: changeTo('whole'), end: 'seal' };
    const id = await insertTask(store.db);
    world.start();
    const { task, platformFailures } = await world.ended(id);
    expect(task).toMatchObject({ outcome: 'verified', attempt: 1 });
    expect(platformFailures).toBe(1);
    const rounds = await loadRounds(store.db, id, 1);
    expect(rounds.map((round) => round.lost)).toEqual([true, false]);
    expect(rounds[0]?.sealedDigest).toBeNull();
    expect(rounds[1]?.resumeDigest).toBe(rounds[0]?.lastUploadDigest);
    expect(world.judge.judged).toEqual([`${id}/1/2`]);
  });

  it('gives up as our fault after three further rounds were lost too', async () => {
    world.runner.work = () => ({ upload: null, end: 'lose' });
    const id = await insertTask(store.db);
    world.start();
    const { task, rounds } = await world.ended(id);
    expect(task).toMatchObject({ outcome: 'errored', reason: { code: 'sandbox-lost' } });
    expect(rounds).toHaveLength(4);
  });

  it('judges the same sealed change set in another verify job where the first was lost', async () => {
    let launches = 0;
    world.runner.verify = () => {
      launches += 1;
      return launches === 1 ? 'lose' : 'deliver';
    };
    const id = await insertTask(store.db);
    world.start();
    const { task, jobs } = await world.ended(id);
    expect(task.outcome).toBe('verified');
    expect(jobs.filter((job) => job.kind === 'verify').map((job) => job.number)).toEqual([1, 2]);
    expect(world.judge.judged).toHaveLength(1);
  });

  it('tells deliver that verify hit its limit, and judges what there is', async () => {
    world.runner.verify = () => 'time';
    const id = await insertTask(store.db);
    world.start();
    const record = await world.until(id, ({ jobs }) => jobs.some((job) => job.verifyEnded));
    const verify = record.jobs.find((job) => job.kind === 'verify');
    world.sandbox.end(verify?.name ?? '', 'deliver', 'completed');
    const { jobs } = await world.ended(id);
    expect(jobs.filter((job) => job.kind === 'verify')).toHaveLength(1);
    expect(world.judge.judged).toHaveLength(1);
  });

  it('aborts: closed in the record first, then gone, the last upload kept unsealed', async () => {
    world.runner.work = () => ({ upload: changeTo('half'), end: 'hang' });
    const id = await insertTask(store.db);
    world.start();
    await world.until(id, ({ jobs }) => jobs.filter((job) => job.launchedAt).length === 2);
    const { answer } = await requestAbort(store.db, id, 'octocat');
    expect(answer).toBe('asked');
    const closed = await store.db
      .selectFrom('job')
      .select('closed_reason')
      .where('task_id', '=', id)
      .execute();
    expect(closed.map((job) => job.closed_reason)).toEqual(['aborted', 'aborted']);
    const { task, rounds } = await world.ended(id);
    expect(task).toMatchObject({ outcome: 'aborted', abort: { login: 'octocat' } });
    expect(rounds[0]).toMatchObject({ sealedDigest: null, verdict: null });
    expect(rounds[0]?.lastUploadDigest).not.toBeNull();
    expect(world.sandbox.names()).toEqual([]);
    expect(world.judge.judged).toEqual([]);
    expect((await requestAbort(store.db, id, 'octocat')).answer).toBe('ended');
  });

  it('refuses with the reason of the pinner', async () => {
    world.pinner.answer = {
      refused: { code: 'config-missing', values: {}, detail: 'x' },
      outcome: 'refused',
    };
    const id = await insertTask(store.db);
    world.start();
    const { task } = await world.ended(id);
    expect(task).toMatchObject({ outcome: 'refused', reason: { code: 'config-missing' }, pin: null });
    await world.until(id, () => world.status.texts.at(-1) === 'refused');
  });

  it('refuses where the machine lacks the isolation', async () => {
    const id = await insertTask(store.db);
    const { sandbox } = world;
    sandbox.launch = async () => {
      throw new GloveboxError({ code: 'isolation-missing', message: 'bubblewrap is missing' });
    };
    world.start();
    const { task } = await world.ended(id);
    expect(task).toMatchObject({ outcome: 'refused', reason: { code: 'isolation-missing' } });
  });

  it('ends as errored when a step fails again and again for no passing reason', async () => {
    const id = await insertTask(store.db);
    world.judge.verdict = () => {
      throw new TypeError('defect');
    };
    world.start({ retryMs: 1 });
    const { task } = await world.ended(id);
    expect(task).toMatchObject({
      outcome: 'errored',
      reason: { code: 'internal', values: { step: 'judging' } },
    });
  });

  it('calls the status comment again when it asked for that, also after the end', async () => {
    const id = await insertTask(store.db);
    world.pinner.answer = { refused: { code: 'issue-empty', values: {}, detail: null }, outcome: 'refused' };
    world.status.next.push(new Date(Date.now() + 100), new Date(Date.now() + 200));
    world.start();
    await world.until(id, () => world.status.texts.length === 3);
    expect(world.status.texts).toEqual(['refused', 'refused', 'refused']);
    const row = await store.db
      .selectFrom('task')
      .select(['wake_at', 'surface_due_at'])
      .where('id', '=', id)
      .executeTakeFirst();
    expect(row?.surface_due_at).toBeNull();
  });

  it('removes sandboxes that no job stands for', async () => {
    const spec = jobSpec({ task: buildTask(), pin: buildPin(), kind: 'work', number: 1, workLeftMs: 0 });
    const play = world.sandbox.onLaunch;
    world.sandbox.onLaunch = () => {};
    await world.sandbox.launch(spec, {});
    world.sandbox.onLaunch = play;
    world.start();
    const id = await insertTask(store.db);
    await world.ended(id);
    await world.until(id, () => world.sandbox.names().length === 0);
    expect(world.sandbox.calls).toContain(`stop ${spec.name}`);
  });
});
