import { describe, expect, it } from 'vitest';
import { RefusedCall } from '../../../src/gateway/model/anthropic-error.ts';
import { Slices } from '../../../src/gateway/model/slices.ts';
import type { Steps } from '../../../src/shared/steps.ts';

const STEP_MS = 12;
const open = new AbortController().signal;

/** Steps that each take more than a slice, and tell of themselves. */
function* slow(name: string, count: number, log: string[]): Steps<string> {
  for (let step = 1; step <= count; step += 1) {
    const until = performance.now() + STEP_MS;
    while (performance.now() < until);
    log.push(`${name}${step}`);
    yield;
  }
  return name;
}

describe('a long reading', () => {
  it('that needs one slice only ends within it, without a promise', () => {
    const steps = (function* (): Steps<number> {
      yield;
      return 7;
    })();
    expect(new Slices().run({ jobName: 'a', signal: open }, steps)).toBe(7);
  });

  it('takes turns with those of other jobs, and waits for those of its own', async () => {
    const slices = new Slices();
    const log: string[] = [];
    const readings = [
      slices.run({ jobName: 'one', signal: open }, slow('a', 8, log)),
      slices.run({ jobName: 'one', signal: open }, slow('b', 3, log)),
      slices.run({ jobName: 'two', signal: open }, slow('c', 8, log)),
    ];
    expect(await Promise.all(readings)).toEqual(['a', 'b', 'c']);
    // the first slice of each runs at once
    expect(log.slice(0, 3)).toEqual(['a1', 'b1', 'c1']);
    expect(log.indexOf('c5')).toBeLessThan(log.indexOf('a8'));
    expect(log.indexOf('a5')).toBeLessThan(log.indexOf('c8'));
    expect(log.indexOf('a8')).toBeLessThan(log.indexOf('b2'));
  });

  it('ends with a refusal when its call does, and holds up no other', async () => {
    const slices = new Slices();
    const log: string[] = [];
    const leaving = new AbortController();
    const left = slices.run({ jobName: 'one', signal: leaving.signal }, slow('a', 100, log));
    const next = slices.run({ jobName: 'one', signal: open }, slow('b', 2, log));
    leaving.abort();
    await expect(left).rejects.toThrow(RefusedCall);
    expect(await next).toBe('b');
    expect(log).toEqual(['a1', 'b1', 'b2']);
  });

  it('that fails fails alone', async () => {
    const slices = new Slices();
    const broken = (function* (): Steps<string> {
      yield* slow('a', 2, []);
      throw new Error('broken');
    })();
    const failed = slices.run({ jobName: 'one', signal: open }, broken);
    const next = slices.run({ jobName: 'one', signal: open }, slow('b', 2, []));
    await expect(failed).rejects.toThrow('broken');
    expect(await next).toBe('b');
  });
});
