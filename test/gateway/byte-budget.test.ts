import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createByteBudget } from '../../src/gateway/byte-budget.ts';
import { GATEWAY_PATHS } from '../../src/result/contract/gateway-api.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { insertRunningRound } from '../builders/running-job.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { openTestStore } from '../fixtures/test-store.ts';
import { openGateway } from './gateway-fixture.ts';

describe('a budget of bytes', () => {
  const rule = { burstBytes: 100, bytesPerSecond: 10 };

  it('refuses a job that has used it up, until time gives it back, and no other job', () => {
    const clock = new FakeClock();
    const budget = createByteBudget(clock, rule);
    budget.require('gb-one');
    budget.charge('gb-one', 120);
    expect(() => budget.require('gb-one')).toThrow(expect.objectContaining({ code: 'unavailable' }));
    budget.require('gb-other');
    clock.advance(2_000);
    expect(() => budget.require('gb-one')).toThrow();
    clock.advance(100);
    budget.require('gb-one');
  });

  it('counter-test: as one account for all, what one job uses up refuses every other', () => {
    const budget = createByteBudget(new FakeClock(), rule);
    budget.charge('everybody', 120);
    expect(() => budget.require('everybody')).toThrow(expect.objectContaining({ code: 'unavailable' }));
  });

  it('gives back no more than there was', () => {
    const clock = new FakeClock();
    const budget = createByteBudget(clock, rule);
    budget.charge('gb-one', 10);
    clock.advance(3_600_000);
    budget.charge('gb-one', 100);
    expect(() => budget.require('gb-one')).toThrow();
  });
});

describe('a sandbox that uploads without end', () => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore('pglite');
  });
  afterAll(() => store.close());

  it('is told to wait, while another is heard', async () => {
    const send = openGateway(store.db, { clock: new FakeClock() });
    const busy = await insertRunningRound(store.db);
    const other = await insertRunningRound(store.db);
    const body = 'x'.repeat(28_000_000);
    const upload = async (token: string): Promise<number> =>
      (await send('PUT', GATEWAY_PATHS.changeSet, { token, body })).status;
    const statuses: number[] = [];
    while (statuses.at(-1) !== 503) statuses.push(await upload(busy.work.tokens.work));
    expect(statuses).toEqual([422, 422, 422, 503]);
    expect(await upload(other.work.tokens.work)).toBe(422);
  });
});
