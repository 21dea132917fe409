/** Line diffs: what was added where, minimal scripts, and the bound. */
import { describe, expect, test } from 'vitest';
import { diffLines, splitLines } from '../../src/result/diff.ts';

const lines = (...texts: string[]): string => texts.map((text) => `${text}\n`).join('');

describe('diffLines', () => {
  test.each([
    ['equal texts', lines('a', 'b'), lines('a', 'b'), [], []],
    [
      'a new text',
      '',
      lines('a', 'b'),
      [
        [1, 'a'],
        [2, 'b'],
      ],
      [],
    ],
    ['a deleted text', lines('a'), '', [], [[1, 'a']]],
    ['a line in the middle', lines('a', 'c'), lines('a', 'b', 'c'), [[2, 'b']], []],
    ['a changed line', lines('a', 'b', 'c'), lines('a', 'x', 'c'), [[2, 'x']], [[2, 'b']]],
    ['a line without a final newline', 'a\nb', 'a\nb\nc', [[3, 'c']], []],
    [
      'moved lines, by the shortest script',
      lines('a', 'b', 'c', 'd'),
      lines('c', 'd', 'a', 'b'),
      [
        [3, 'a'],
        [4, 'b'],
      ],
      [
        [1, 'a'],
        [2, 'b'],
      ],
    ],
  ])('names the added and removed lines of %s', (_what, before, after, added, removed) => {
    const diff = diffLines(before, after);
    expect(diff.added.map(({ line, text }) => [line, text])).toEqual(added);
    expect(diff.removed.map(({ line, text }) => [line, text])).toEqual(removed);
    expect(diff.exact).toBe(true);
  });

  test('gives steps that rebuild both sides, for many pseudo-random pairs', () => {
    let seed = 7;
    const next = (most: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % most;
    };
    for (let round = 0; round < 300; round += 1) {
      const before = lines(...Array.from({ length: next(30) }, () => 'abcde'.charAt(next(5))));
      const after = lines(...Array.from({ length: next(30) }, () => 'abcde'.charAt(next(5))));
      const { steps, added, removed } = diffLines(before, after);
      expect(lines(...steps.filter((step) => step.op !== 'add').map((step) => step.text))).toBe(before);
      expect(lines(...steps.filter((step) => step.op !== 'remove').map((step) => step.text))).toBe(after);
      for (const { line, text } of added) expect(splitLines(after)[line - 1]).toBe(text);
      for (const { line, text } of removed) expect(splitLines(before)[line - 1]).toBe(text);
    }
  });

  test('takes a run of a million equal lines between two changes', () => {
    const middle = 'same\n'.repeat(1_000_000);
    const diff = diffLines(`a\n${middle}b\n`, `c\n${middle}d\n`);
    expect([diff.added.length, diff.removed.length, diff.exact]).toEqual([2, 2, true]);
  });

  test('counts a middle with too many edits as replaced, and says so', () => {
    const before = lines(...Array.from({ length: 5_000 }, (_, index) => `old ${index}`));
    const after = lines('same', ...Array.from({ length: 5_000 }, (_, index) => `new ${index}`));
    const diff = diffLines(lines('same') + before, after);
    expect([diff.exact, diff.added.length, diff.removed.length]).toEqual([false, 5_000, 5_000]);
  });
});
