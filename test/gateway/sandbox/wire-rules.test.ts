import { describe, expect, it } from 'vitest';
import { brokenWireRule, isWirePath } from '../../../src/gateway/sandbox/wire-rules.ts';
import type { ChangeEntry } from '../../../src/result/contract/change-set.ts';
import { buildChangeSet, putEntry } from '../../builders/change-set.ts';
import { BASE_SHA } from '../../builders/task-row.ts';

const drop = (path: string): ChangeEntry => ({ op: 'delete', path });
const large = (path: string): ChangeEntry => putEntry(path, 'x'.repeat(5 * 1024 * 1024));

describe('a path on the wire', () => {
  it.each([
    'a',
    'src/a.ts',
    '.github/workflows/ci.yml',
    'a b',
    'ä/日本',
    '.gitignore',
    'x.git',
    '-rf',
    'a\nb',
    '..a',
    'a..',
  ])('may be %j', (path) => expect(isWirePath(path)).toBe(true));

  it.each([
    ['absolute', '/etc/passwd'],
    ['climbing', '../a'],
    ['climbing from within', 'a/../../b'],
    ['the folder itself', '.'],
    ['through the folder itself', 'a/./b'],
    ['with an empty segment', 'a//b'],
    ['with a slash at its end', 'a/'],
    ["git's own", '.git/config'],
    ["git's own in another case", 'a/.GiT/hooks/pre-commit'],
    ['with a NUL', 'a\0b'],
    ['not valid Unicode', 'a\ud800'],
    ['too long in bytes', 'ä'.repeat(600)],
  ])('is not %s', (_, path) => expect(isWirePath(path)).toBe(false));
});

describe('a change set on the wire', () => {
  it('is taken in order, each path once, within its bounds', () => {
    const taken = buildChangeSet(putEntry('a.ts'), drop('b'), putEntry('b/c.ts'), putEntry('ä'));
    expect(brokenWireRule(taken, BASE_SHA)).toBeNull();
    expect(brokenWireRule(buildChangeSet(), BASE_SHA)).toBeNull();
  });

  it.each<[string, ChangeEntry[], string]>([
    ['out of order', [putEntry('b'), putEntry('a')], 'entries not sorted, or a path twice'],
    ['with a path twice', [putEntry('a'), drop('a')], 'entries not sorted, or a path twice'],
    [
      'sorted by UTF-16 instead of bytes',
      [putEntry('\u{1f600}'), putEntry('\ufb01')],
      'entries not sorted, or a path twice',
    ],
    ['with a file below a file', [putEntry('a'), putEntry('a/b')], 'a file stands where a folder must be'],
    ['with a path that climbs', [putEntry('../a')], 'path not allowed'],
    ['with a deletion that climbs', [drop('../a')], 'path not allowed'],
    ['too large together', ['a', 'b', 'c', 'd', 'e'].map(large), 'the files are too large together'],
  ])('is refused %s', (_, entries, rule) => {
    expect(brokenWireRule(buildChangeSet(...entries), BASE_SHA)).toBe(rule);
  });

  it('is refused against another base commit, and with reports of foreign paths', () => {
    expect(brokenWireRule(buildChangeSet(), BASE_SHA.replace('1f', '2f'))).toBe('another base commit');
    const altered = { ...buildChangeSet(), setupAltered: ['../../etc/passwd'] };
    expect(brokenWireRule(altered, BASE_SHA)).toBe('setup path not allowed');
  });

  it('is refused with a file over the bound', () => {
    const over = putEntry('a', 'x'.repeat(5 * 1024 * 1024 + 1));
    expect(brokenWireRule(buildChangeSet(over), BASE_SHA)).toBe('a file is too large');
  });
});
