/** The sweep's loop: how far back each sweep looks, and that a failed one leaves no hole. */
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Clock } from '../../src/shared/clock.ts';
import { systemRandom } from '../../src/shared/ids.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import type { SweepGitHub } from '../../src/webhook/github.ts';
import { startSweep } from '../../src/webhook/sweep-loop.ts';
import { buildAdmin } from '../builders/admin-config.ts';
import { unavailable } from '../fakes/fake-webhook-github.ts';
import { openTestStore } from '../fixtures/test-store.ts';

const START = Date.parse('2026-01-05T12:00:00Z');
let store: OpenStore;
beforeAll(async () => {
  store = await openTestStore('pglite');
});
afterAll(() => store.close());

/** Time that jumps to the end of each sleep, for so many sleeps; the next one waits for the stop. */
function jumpingClock(sleeps: number): Clock {
  let now = START;
  let left = sleeps;
  return {
    now: () => now,
    sleep: (ms, signal) => {
      now += ms;
      left -= 1;
      if (left > 0) return Promise.resolve();
      return new Promise((_resolve, reject) =>
        signal?.addEventListener('abort', () => reject(signal.reason)),
      );
    },
  };
}

it('looks two days back first, then from where the last success began, and at labels every sixth time', async () => {
  const clock = jumpingClock(7);
  const deliveriesSince: number[] = [];
  const labelsSince: number[] = [];
  const minutes = (since: Date): number => (since.getTime() - START) / 60_000;
  const github: SweepGitHub = {
    listDeliveries: async (since) => {
      deliveriesSince.push(minutes(since));
      if (deliveriesSince.length === 2) throw unavailable();
      return { deliveries: [], next: null };
    },
    readDeliveryPayload: async () => null,
    listLabelledIssues: async (_label, since) => {
      labelsSince.push(minutes(since({ installationId: 1, repositoryId: 2 })));
      return { issues: [], failed: [] };
    },
  };
  const loop = startSweep(
    {
      db: store.db,
      github,
      random: systemRandom,
      admin: buildAdmin(),
      ownBotId: 1,
      wake: () => {},
      onTask: () => {},
      log: pino({ level: 'silent' }),
      now: () => clock.now(),
    },
    clock,
  );
  await vi.waitFor(() => expect(deliveriesSince).toHaveLength(7), { timeout: 5_000, interval: 5 });
  await loop.stop();
  // The second failed (at minute 5), so the third looks back to where the first began: 15 minutes before it.
  expect(deliveriesSince).toEqual([-2_880, -15, -15, -5, 0, 5, 10]);
  expect(labelsSince).toEqual([-2_880, -15]);
});
