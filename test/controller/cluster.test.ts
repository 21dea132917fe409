/** The loop over sandboxes that behave as a cluster's do: they wait, are refused, vanish, end late, and are few. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Trouble } from '../../src/job/sandbox.ts';
import { GloveboxError } from '../../src/shared/errors.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { requestAbort } from '../../src/task/store/request-abort.ts';
import { insertTask } from '../builders/task-row.ts';
import { changeTo } from '../fakes/fake-runner.ts';
import { ControllerWorld } from '../fixtures/controller-world.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

const said = (kind: Trouble['kind'], message: string): Trouble => ({ kind, message });

describe.each(storeKinds)('sandboxes of a cluster, on %s', (kind) => {
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

  /** The world's sandbox, whose hints never arrive. */
  const deaf = () => ({
    sandbox: {
      launch: world.sandbox.launch.bind(world.sandbox),
      observe: world.sandbox.observe.bind(world.sandbox),
      list: world.sandbox.list.bind(world.sandbox),
      stop: world.sandbox.stop.bind(world.sandbox),
      remove: world.sandbox.remove.bind(world.sandbox),
      subscribe: () => () => {},
    },
  });
  const nameOf = async (taskId: string) =>
    (await world.until(taskId, ({ jobs }) => jobs.some((job) => job.launchedAt !== null))).jobs[0]?.name ??
    '';

  it('wait for a node without an end, show why, and go on when there is one', async () => {
    world.sandbox.troubleOf = ({ kind: job }) =>
      job === 'work' ? said('unschedulable', '0/3 nodes are available: 3 Insufficient cpu.') : null;
    const id = await insertTask(store.db);
    world.start();
    const name = await nameOf(id);
    const { jobs, task } = await world.until(id, (record) => record.jobs[0]?.seen?.trouble != null);
    expect(jobs[0]?.seen).toMatchObject({ state: 'waiting', trouble: { kind: 'unschedulable' } });
    expect(task.state).toBe('working');
    world.sandbox.clear(name);
    expect((await world.ended(id)).task.outcome).toBe('verified');
  });

  it.each([
    ['image-not-pulled', 'Back-off pulling image "node-24@sha256:9f": not found', 'image-not-pulled'],
    ['admission-refused', 'pods "gb-1" is forbidden: violates PodSecurity', 'sandbox-refused'],
  ] as const)('end the task at once: %s', async (trouble, message, code) => {
    world.sandbox.troubleOf = () => said(trouble, message);
    const id = await insertTask(store.db);
    world.start();
    const { task, rounds } = await world.ended(id);
    expect(task).toMatchObject({ outcome: 'errored', reason: { code } });
    expect(rounds).toHaveLength(1);
    expect(world.sandbox.names()).toEqual([]);
  });

  it('are refused at their launch in the words of the refusal, once', async () => {
    let launches = 0;
    const refuse = async () => {
      launches += 1;
      throw new GloveboxError({ code: 'sandbox-refused', message: 'ValidatingAdmissionPolicy denied' });
    };
    const id = await insertTask(store.db);
    world.start({}, { sandbox: { ...deaf().sandbox, launch: refuse } });
    const { task } = await world.ended(id);
    expect(task).toMatchObject({
      outcome: 'errored',
      reason: { code: 'sandbox-refused', values: { message: 'ValidatingAdmissionPolicy denied' } },
    });
    expect(launches).toBe(1);
  });

  it('are missed when somebody deletes them and no hint comes: the round is done again', async () => {
    world.runner.work = ({ round }) =>
      round === 1 ? { upload: changeTo('half'), end: 'hang' } : { upload: changeTo('whole'), end: 'seal' };
    const id = await insertTask(store.db);
    world.start({ resyncMs: 100 }, deaf());
    const { jobs } = await world.until(id, ({ rounds }) => rounds[0]?.lastUploadDigest != null);
    world.sandbox.lose(jobs.find((job) => job.kind === 'work')?.name ?? '');
    const { task, platformFailures } = await world.ended(id);
    expect(task).toMatchObject({ outcome: 'verified', attempt: 1, round: 2 });
    expect(platformFailures).toBe(1);
  });

  it('that come back for a task that has ended are removed again', async () => {
    const id = await insertTask(store.db);
    world.start({ resyncMs: 100 });
    const { jobs } = await world.ended(id);
    const row = await store.db
      .selectFrom('job')
      .select('spec')
      .where('name', '=', jobs[0]?.name ?? '')
      .executeTakeFirstOrThrow();
    world.sandbox.onLaunch = () => {};
    await world.sandbox.launch(JSON.parse(JSON.stringify(row.spec)), {});
    await world.until(id, () => world.sandbox.names().length === 0);
  });

  it('that end late hold up neither their lease nor other tasks', async () => {
    world.sandbox.stopTakesMs = 1_500;
    world.runner.work = ({ taskId }) =>
      taskId === slow ? { upload: changeTo('half'), end: 'hang' } : { upload: changeTo('x'), end: 'seal' };
    const slow = await insertTask(store.db);
    world.start({ leaseMs: 500, parallel: 1 });
    await world.until(slow, ({ jobs }) => jobs.filter((job) => job.launchedAt).length === 2);
    await requestAbort(store.db, slow, 'octocat');
    const asked = Date.now();
    const other = await insertTask(store.db);
    const { task } = await world.ended(slow);
    expect(Date.now() - asked).toBeGreaterThan(1_000);
    expect(task.outcome).toBe('aborted');
    const stops = world.sandbox.calls.filter((call) => call.startsWith('stop ') && call.includes(slow));
    expect(new Set(stops).size).toBe(2);
    expect((await world.ended(other)).task.outcome).toBe('verified');
  });

  it('are never more than the places, and what is sealed goes before new work', async () => {
    let most = 0;
    const play = world.sandbox.onLaunch;
    world.sandbox.onLaunch = (spec, tokens) => {
      most = Math.max(most, world.sandbox.names().length);
      play(spec, tokens);
    };
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1) ids.push(await insertTask(store.db));
    world.start({ pods: () => 1 });
    for (const id of ids) expect((await world.ended(id)).task.outcome).toBe('verified');
    expect(most).toBe(1);
    const launched = world.sandbox.calls.filter((call) => call.startsWith('launch '));
    const kinds = launched.map((call) => (call.includes('-work-') ? 'work' : 'verify'));
    expect(kinds).toEqual(['work', 'verify', 'work', 'verify', 'work', 'verify']);
  });
});
