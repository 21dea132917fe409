import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { holdLease, type Moment, thisMoment } from '../../src/controller/hold-lease.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { claimLease } from '../../src/task/store/claim-lease.ts';
import { insertTask } from '../builders/task-row.ts';
import { ControllerWorld } from '../fixtures/controller-world.ts';
import { openTestStore } from '../fixtures/test-store.ts';

const LEASE_MS = 60_000;

describe('a lease as a pass holds it', () => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore('pglite');
  });
  afterAll(() => store.close());

  let id: string;
  beforeEach(async () => {
    await store.db.updateTable('task').set({ wake_at: null, surface_due_at: null }).execute();
    id = await insertTask(store.db);
  });

  async function held(since: Moment) {
    const [claimed] = await claimLease(store.db, { holder: 'a', leaseMs: LEASE_MS, limit: 1 });
    if (claimed?.taskId !== id) throw new Error('Another task was due.');
    return holdLease(new ControllerWorld(store.db).deps({ leaseMs: LEASE_MS }), claimed, since);
  }

  /** The lease is another's by the record, which only who asks there sees. */
  const takeAway = () => store.db.updateTable('task').set({ epoch: 99 }).where('id', '=', id).execute();
  const ago = (ms: number): Moment => {
    const { wallMs, steadyMs } = thisMoment();
    return { wallMs: wallMs - ms, steadyMs: steadyMs - ms };
  };

  it('is taken at its word a moment after it was claimed', async () => {
    const lease = await held(thisMoment());
    await takeAway();
    expect(await lease.check()).toBeGreaterThan(LEASE_MS * 0.8);
  });

  it('is asked for in the record later, and is lost there', async () => {
    const lease = await held(ago(LEASE_MS / 5));
    await takeAway();
    await expect(lease.check()).rejects.toMatchObject({ code: 'lease-lost' });
  });

  it('is renewed by that, and then taken at its word again', async () => {
    const lease = await held(ago(LEASE_MS / 5));
    expect(await lease.check()).toBe(LEASE_MS);
    await takeAway();
    expect(await lease.check()).toBeGreaterThan(LEASE_MS * 0.8);
  });

  it.each([
    ['stood still, as in a machine that slept', (now: Moment) => ({ ...now, wallMs: now.wallMs - LEASE_MS })],
    ['was set back', (now: Moment) => ({ ...now, wallMs: now.wallMs + LEASE_MS })],
    ['of the wall did not move', (now: Moment) => ({ ...now, steadyMs: now.steadyMs - LEASE_MS })],
  ])('is asked for in the record where a clock %s', async (_, since) => {
    const lease = await held(since(thisMoment()));
    await takeAway();
    await expect(lease.check()).rejects.toMatchObject({ code: 'lease-lost' });
  });
});
