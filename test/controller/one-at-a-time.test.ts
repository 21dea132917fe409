import { expect, it } from 'vitest';
import { oneAtATime } from '../../src/controller/one-at-a-time.ts';

it('runs one after another, in the order in which they came, also after one that failed', async () => {
  const inTurn = oneAtATime();
  const seen: string[] = [];
  const work = (name: string, error?: Error) => async () => {
    seen.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(`${name} ends`);
    if (error) throw error;
    return name;
  };
  const ends = await Promise.allSettled([
    inTurn(work('a')),
    inTurn(work('b', new Error('of b'))),
    inTurn(work('c')),
  ]);
  expect(ends).toEqual([
    { status: 'fulfilled', value: 'a' },
    { status: 'rejected', reason: new Error('of b') },
    { status: 'fulfilled', value: 'c' },
  ]);
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});
