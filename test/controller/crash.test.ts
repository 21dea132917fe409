/** A controller may die, stall or fail at any line: another one goes on, and every effect happens once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startController } from '../../src/controller/loop.ts';
import { canonicalJson } from '../../src/shared/digest.ts';
import { GloveboxError } from '../../src/shared/errors.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { requestAbort } from '../../src/task/store/request-abort.ts';
import { insertTask } from '../builders/task-row.ts';
import { changeTo } from '../fakes/fake-runner.ts';
import { ControllerWorld } from '../fixtures/controller-world.ts';
import { type Hook, hookedPorts, openMortalDb } from '../fixtures/hooked-deps.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

const LEASE_MS = 300;
/** Outside calls of a task's life; those of the second row happen for each job. */
const CALLS = ['list', 'pin', 'judge', 'publish'].flatMap(bothSides);
const CALLS_PER_JOB = ['status', 'mint', 'launch', 'observe', 'revoke', 'remove'].flatMap(bothSides);
/** Calls that end what runs. */
const CALLS_OF_AN_ABORT = ['stop', 'observe', 'remove'].flatMap(bothSides);
const EVERYWHERE = [...CALLS, ...CALLS_PER_JOB].map((place) => [place, 1] as const);
/** Calls whose effect a stalled controller could do twice, or too late. */
const EFFECTS = ['pin', 'mint', 'launch', 'judge', 'publish', 'revoke', 'remove'].flatMap(bothSides);
const AGAIN = ['mint', 'launch', 'observe', 'revoke', 'remove']
  .flatMap(bothSides)
  .map((place) => [place, 2] as const);

function bothSides(call: string): string[] {
  return [`before ${call}`, `after ${call}`];
}

/** A hook that acts at the nth time that a place is passed; `passed` tells how often it was. */
function at(place: string, nth: number, act: () => Promise<void>): { hook: Hook; passed: () => number } {
  let passed = 0;
  const hook = async (name: string): Promise<void> => {
    if (name !== place) return;
    passed += 1;
    if (passed === nth) await act();
  };
  return { hook, passed: () => passed };
}

/** The task ended well, with one pull request; no sandbox is left; no token but one that died with its process. */
async function expectOnce(world: ControllerWorld, id: string, maxLeaked = 0): Promise<void> {
  const { task } = await world.ended(id);
  expect(task).toMatchObject({ outcome: 'verified', pullNumber: 43 });
  expect(world.publisher.made).toEqual([id]);
  expect(world.sandbox.names()).toEqual([]);
  const leaked = world.tokens.minted.filter((token) => !world.tokens.revoked.includes(token));
  expect(leaked.length).toBeLessThanOrEqual(maxLeaked);
}

describe.each(storeKinds)('a controller on %s that fails once', (kind) => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  it.each(kind === 'postgres' ? [...CALLS, ...CALLS_PER_JOB] : EFFECTS)(
    '%s tries again and publishes once',
    async (place) => {
      const world = new ControllerWorld(store.db);
      const { hook, passed } = at(place, 1, async () => {
        throw new GloveboxError({ code: 'github-unavailable', message: 'away', retry: true });
      });
      const id = await insertTask(store.db);
      world.start({}, hookedPorts(world, hook));
      await expectOnce(world, id, place === 'after mint' ? 1 : 0);
      expect(passed()).toBeGreaterThanOrEqual(1);
      await world.close();
    },
  );
});

describe.runIf(storeKinds.includes('postgres'))('a controller on postgres', () => {
  let store: OpenStore & { readonly url: string | null };
  beforeAll(async () => {
    store = await openTestStore('postgres');
  });
  afterAll(() => store.close());

  const never = (): Promise<void> => new Promise(() => {});

  /**
   * Controller A lives until it passes a place for the nth time: then its connections are cut in the middle of whatever
   * they do, and nothing of it ever goes on. Controller B comes up. False: A passed the place less often, and ended the task.
   */
  async function dieAt(place: string, nth: number): Promise<boolean> {
    const world = new ControllerWorld(store.db);
    const died = Promise.withResolvers<void>();
    let dead = false;
    const { hook } = at(place, nth, async () => {
      dead = true;
      await mortal.cut();
      died.resolve();
      await never();
    });
    const guarded: Hook = (name) => (dead ? never() : hook(name));
    const mortal = openMortalDb(store.url ?? '', guarded);
    const id = await insertTask(store.db);
    const ports = { ...hookedPorts(world, guarded), db: mortal.db };
    const doomed = startController(world.deps({ holder: 'bot-a', leaseMs: LEASE_MS }, ports));
    await Promise.race([died.promise, world.ended(id)]);
    try {
      world.start({ holder: 'bot-b', leaseMs: LEASE_MS });
      await expectOnce(world, id, place === 'after mint' || place === 'sql' ? 1 : 0);
      return dead;
    } finally {
      if (!dead) await doomed.stop();
      dead = true;
      await mortal.cut();
      await world.close();
    }
  }

  it.each(CALLS_OF_AN_ABORT)('killed %s of an abort leaves nothing that runs', async (place) => {
    const world = new ControllerWorld(store.db);
    world.runner.work = () => ({ upload: changeTo('half'), end: 'hang' });
    const id = await insertTask(store.db);
    const first = world.start({ holder: 'bot-0' });
    await world.until(id, ({ jobs }) => jobs.filter((job) => job.launchedAt).length === 2);
    await first.stop();
    await requestAbort(store.db, id, 'octocat');
    const died = Promise.withResolvers<void>();
    let dead = false;
    const { hook } = at(place, 1, async () => {
      dead = true;
      died.resolve();
      await never();
    });
    const ports = hookedPorts(world, (name) => (dead ? never() : hook(name)));
    startController(world.deps({ holder: 'bot-a', leaseMs: LEASE_MS }, ports));
    await died.promise;
    world.start({ holder: 'bot-b', leaseMs: LEASE_MS });
    const { task, rounds } = await world.ended(id);
    expect(task).toMatchObject({ outcome: 'aborted' });
    expect(rounds[0]?.lastUploadDigest).not.toBeNull();
    expect(world.sandbox.names()).toEqual([]);
    await world.close();
  });

  it.each([...EVERYWHERE, ...AGAIN])(
    'killed %s (time %i) leaves a task that another one ends',
    async (place, nth) => {
      expect(await dieAt(place, nth)).toBe(true);
    },
  );

  it('killed before any SQL statement leaves a task that another one ends', async () => {
    let statement = 1;
    while (await dieAt('sql', statement)) statement += 11;
    expect(statement).toBeGreaterThan(100);
  }, 240_000);

  it.each(EFFECTS)('that stalls %s past its lease does nothing more when it wakes', async (place) => {
    const world = new ControllerWorld(store.db);
    const stalled = Promise.withResolvers<void>();
    const wake = Promise.withResolvers<void>();
    const { hook } = at(place, 1, async () => {
      stalled.resolve();
      await wake.promise;
    });
    const id = await insertTask(store.db);
    const zombie = world.start({ holder: 'bot-a', leaseMs: LEASE_MS }, hookedPorts(world, hook));
    await stalled.promise;
    world.start({ holder: 'bot-b', leaseMs: LEASE_MS });
    await expectOnce(world, id, place === 'after mint' ? 1 : 0);
    const before = await facts(id);
    wake.resolve();
    await zombie.stop();
    expect(await facts(id)).toBe(before);
    expect(world.publisher.made).toEqual([id]);
    await world.close();
  });

  it('and a second one beside it do each effect once', async () => {
    const world = new ControllerWorld(store.db);
    const ids: string[] = [];
    for (let count = 0; count < 12; count += 1) ids.push(await insertTask(store.db));
    const caps = { repository: 3, installation: 3, all: 3 };
    world.start({ holder: 'bot-a', caps, resyncMs: 50 });
    world.start({ holder: 'bot-b', caps, resyncMs: 50 });
    for (const id of ids) await world.ended(id);
    expect(world.publisher.made.toSorted()).toEqual(ids.toSorted());
    expect(world.judge.judged.toSorted()).toEqual(ids.map((id) => `${id}/1/1`).toSorted());
    const launched = world.sandbox.calls.filter((call) => call.startsWith('launch '));
    expect(launched).toHaveLength(24);
    expect(new Set(launched).size).toBe(24);
    expect(world.tokens.minted).toHaveLength(24);
    expect(world.tokens.revoked.toSorted()).toEqual(world.tokens.minted.toSorted());
    await world.close();
  }, 120_000);

  /** What a zombie could spoil: the task's state and everything that was ever audited about it. */
  async function facts(id: string): Promise<string> {
    const task = await store.db
      .selectFrom('task')
      .select(['state', 'outcome', 'version', 'pull_number'])
      .where('id', '=', id)
      .executeTakeFirst();
    const audit = await store.db
      .selectFrom('audit_event')
      .select('hash')
      .where('task_id', '=', id)
      .orderBy('seq')
      .execute();
    return canonicalJson({ task, audit });
  }
});
