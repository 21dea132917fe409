import { expect, test } from 'vitest';
import { boundedSay } from '../../src/runner/bounded-say.ts';

test('the log of a container is bounded in lines and length, and holds no sign that a terminal obeys', () => {
  const written: string[] = [];
  const say = boundedSay((text) => void written.push(text));
  say('\u001b]0;title\u0007 a\nb');
  expect(written).toEqual([' ]0;title  a b\n']);
  for (let index = 0; index < 5_000; index++) say('x'.repeat(5_000));
  expect(written).toHaveLength(1_001);
  expect(written.at(-1)).toContain('nothing more is said');
  expect(Math.max(...written.map((line) => line.length))).toBe(1_001);
});
