/** Path patterns: what they match, what they refuse, and that they cannot be made slow. */
import { describe, expect, test } from 'vitest';
import { pathPattern } from '../../src/shared/path-pattern.ts';

describe('a pattern', () => {
  test.each([
    ['CODEOWNERS', ['CODEOWNERS', 'docs/CODEOWNERS', 'codeowners'], ['CODEOWNERS.md', 'my-CODEOWNERS']],
    ['infra/', ['infra/a', 'x/infra/b/c'], ['infrastructure/a']],
    ['/infra/', ['infra/a', 'infra/b/c'], ['x/infra/a']],
    ['infra/**', ['infra/a', 'infra/b/c'], ['infra', 'x/infra/a']],
    ['src/*.ts', ['src/a.ts'], ['src/a/b.ts', 'a.ts', 'src/a.tsx']],
    ['src/**/a.ts', ['src/a.ts', 'src/b/c/a.ts'], ['a.ts', 'src/ba.ts']],
    ['**/.*/**', ['.vscode/a', 'x/.hidden/y/z'], ['.eslintrc', 'x/.env', 'a/b']],
    ['v?.txt', ['v1.txt', 'a/vx.txt'], ['v.txt', 'v12.txt']],
    ['*', ['a', 'a/b/c'], []],
    ['db', ['db/schema.sql', 'x/db'], ['dbx']],
    ['CLAUDE.*.md', ['CLAUDE.local.md'], ['CLAUDE.md']],
  ])('%s', (pattern, hits, misses) => {
    const matches = pathPattern(pattern);
    expect(hits.filter((path) => !matches(path))).toEqual([]);
    expect(misses.filter(matches)).toEqual([]);
  });

  test.each([
    ['case', 'agents.MD'],
    ['full-width letters', 'ＡGENTS.md'],
    ['an invisible character', 'AG\u200dENTS.md'],
    ['a trailing dot', 'AGENTS.md.'],
    ['a trailing space in a folder', 'sub /AGENTS.md'],
  ])('sees through %s', (_trick, path) => {
    expect(pathPattern('AGENTS.md')(path)).toBe(true);
  });

  test.each(['', ' ', '/', '[a]', 'a{b,c}', '!a', 'a\\b', '../a', 'a/./b'])(
    '%j is refused, not read as something else',
    (pattern) => {
      expect(() => pathPattern(pattern)).toThrow(expect.objectContaining({ code: 'path-pattern-invalid' }));
    },
  );

  test('takes no longer for hostile paths', () => {
    const matches = pathPattern(`${'**/*a*'.repeat(1)}/${'*a'.repeat(20)}b`);
    const started = performance.now();
    expect(matches(`${'aaaaaaaaaa/'.repeat(90)}${'a'.repeat(200)}`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(200);
  });
});
