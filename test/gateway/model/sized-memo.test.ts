import { describe, expect, it } from 'vitest';
import { SizedMemo } from '../../../src/gateway/model/sized-memo.ts';

const KEYS = ['a', 'b', 'c', 'd'];

/** Which of the keys are still there after each was set with this size. */
function keptOf(rule: { maxEntries: number; maxSize: number }, size: number): string[] {
  const memo = new SizedMemo<string>(rule);
  for (const key of KEYS) memo.set(key, `value of ${key}`, size);
  return KEYS.filter((key) => memo.get(key) === `value of ${key}`);
}

describe('a memo', () => {
  it.each([
    ['within both bounds all', { maxEntries: 4, maxSize: 80 }, 10, ['a', 'b', 'c', 'd']],
    ['over its count the newest', { maxEntries: 2, maxSize: 80 }, 10, ['c', 'd']],
    ['of what is too large for it nothing', { maxEntries: 100, maxSize: 79 }, 10, []],
  ])('keeps %s', (_name, rule, size, kept) => {
    expect(keptOf(rule, size)).toEqual(kept);
  });

  it('drops the oldest where the size is met', () => {
    const memo = new SizedMemo<number>({ maxEntries: 100, maxSize: 80 });
    for (let key = 0; key < 20; key += 1) memo.set(String(key), key, 10);
    expect([memo.get('11'), memo.get('12'), memo.get('19')]).toEqual([undefined, 12, 19]);
  });
});
