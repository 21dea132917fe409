import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { isHealthPath, readHealth } from '../../src/shared/health.ts';
import { createLog } from '../../src/shared/log.ts';
import { createReadiness } from '../../src/shared/readiness.ts';
import { FakeClock } from '../fakes/fake-clock.ts';

const log = createLog('silent');

describe('readiness', () => {
  it('holds where every check does', async () => {
    const ready = createReadiness(
      { clock: new FakeClock(), log },
      { store: async () => 1, cluster: async () => 2 },
    );
    expect(await ready()).toBeNull();
  });

  it('names what does not answer, and logs why', async () => {
    const lines: string[] = [];
    const logged = createLog('warn', { write: (line) => void lines.push(line) });
    const store = (): Promise<never> => Promise.reject(new Error('connection to 10.0.0.1 refused'));
    const ready = createReadiness({ clock: new FakeClock(), log: logged }, { cluster: async () => 1, store });
    expect(await ready()).toBe('store');
    expect(lines.join()).toContain('10.0.0.1');
  });

  it('is lost where a check takes too long', async () => {
    const clock = new FakeClock();
    const ready = createReadiness({ clock, log }, { store: () => new Promise(() => {}) });
    const answer = ready();
    while (clock.sleeping.length === 0) await setImmediate();
    clock.advance(2_000);
    expect(await answer).toBe('store');
  });

  it('is looked at once a second, however many ask', async () => {
    const clock = new FakeClock();
    let looks = 0;
    const ready = createReadiness({ clock, log }, { store: async () => (looks += 1) });
    await Promise.all(Array.from({ length: 50 }, ready));
    expect(looks).toBe(1);
    clock.advance(1_000);
    await ready();
    expect(looks).toBe(2);
  });

  it('comes back by itself', async () => {
    const clock = new FakeClock();
    let isAway = true;
    const store = async (): Promise<void> => {
      if (isAway) throw new Error('away');
    };
    const ready = createReadiness({ clock, log }, { store });
    expect(await ready()).toBe('store');
    isAway = false;
    clock.advance(1_000);
    expect(await ready()).toBeNull();
  });
});

describe('health', () => {
  it.each([
    ['/healthz', null, 200, 'ok'],
    ['/healthz', 'store', 200, 'ok'],
    ['/readyz', null, 200, 'ready'],
    ['/readyz', 'store', 503, 'not ready: store'],
  ] as const)('%s with %s missing is %i', async (path, missing, status, word) => {
    expect(await readHealth(path, async () => missing)).toEqual({ status, body: { status: word } });
  });

  it('is asked at its two paths only', () => {
    expect(['/healthz', '/readyz', '/', '/healthz/x', '/v1/healthz'].filter(isHealthPath)).toEqual([
      '/healthz',
      '/readyz',
    ]);
  });
});
