/** Symlinks of a hostile change set: none leads out of the tree, alone, in a chain or through what the base holds. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { refusalOf, symlink } from '../builders/bundle.ts';

describe('INC-09: symlinks that escape', () => {
  test.each([
    ['symlink is absolute', '/etc/passwd'],
    ['symlink is absolute', 'C:/windows'],
    ['symlink leaves the tree', '../../outside'],
    ['symlink leaves the tree', 'b/../../../outside'],
    ['symlink leaves the tree', '../.git/config'],
    ['symlink leaves the tree', '../.GIT/hooks'],
    ['symlink leaves the tree', 'loop'],
    ['symlink target unreadable', ''],
    ['symlink target unreadable', 'a\\b'],
    ['symlink target unreadable', 'a\u0000b'],
    ['symlink target unreadable', Buffer.from([0xff, 0xfe])],
    ['symlink target unreadable', 'a'.repeat(2_000)],
  ])('%s: a target of %j is refused', (rule, bytes) => {
    expect(refusalOf({ put: { 'dir/loop': { mode: '120000', bytes } } })).toEqual({ index: 1, rule });
  });

  test.each(['../src/a.ts', 'a.ts', './b/../a.ts', 'not-there'])('a target of %j is accepted', (target) => {
    expect(refusalOf({ put: { 'dir/link': symlink(target) } })).toBe('accepted');
  });

  test('a chain of links that leaves only together is refused', () => {
    expect(
      refusalOf({ put: { 'deep/er/up': symlink('../..'), out: symlink('deep/er/up/../secret') } }),
    ).toMatchObject({ rule: 'symlink leaves the tree' });
    expect(
      refusalOf({ base: { 'deep/er/up': symlink('../..') }, put: { out: symlink('deep/er/up/../secret') } }),
    ).toMatchObject({ rule: 'symlink leaves the tree' });
  });

  test('a new link that bends a harmless link of the base out of the tree is refused', () => {
    const base = { 'x/y/z/file': 'x', link: symlink('hop/../../file') };
    expect(refusalOf({ base: { ...base, 'hop/a/b': 'x' }, put: { c: 'x' } })).toBe('accepted');
    expect(
      refusalOf({ base: { link: symlink('hop/../../file'), 'q/r/s': 'x' }, put: { hop: symlink('q/r') } }),
    ).toBe('accepted');
    expect(
      refusalOf({ base: { link: symlink('hop/../file'), 'q/r/s': 'x' }, put: { hop: symlink('.') } }),
    ).toEqual({ index: 1, rule: 'symlink leaves the tree' });
  });

  test('writing through a symlinked folder is refused, by the base or by the change set itself', () => {
    expect(refusalOf({ base: { dir: symlink('src') }, put: { 'dir/a.ts': 'x' } })).toEqual({
      index: 1,
      rule: 'through a symlink',
    });
    expect(refusalOf({ put: { dir: symlink('src'), 'dir/a.ts': 'x' } })).toMatchObject({
      rule: 'file and folder',
    });
  });

  test('a symlink as git configuration is refused', () => {
    expect(refusalOf({ put: { '.gitmodules': symlink('a') } })).toEqual({
      index: 1,
      rule: 'symlink as git configuration',
    });
    expect(refusalOf({ put: { 'src/.GitIgnore': symlink('a') } })).toEqual({
      index: 1,
      rule: 'symlink as git configuration',
    });
  });

  test('counter-test: on a file system without the rule the chain reads a file outside of the tree', () => {
    const folder = mkdtempSync(join(tmpdir(), 'glovebox-links-'));
    try {
      const tree = join(folder, 'tree');
      writeFileSync(join(folder, 'secret'), 'outside');
      for (const [path, target] of [
        ['deep/er/up', '../..'],
        ['out', 'deep/er/up/../secret'],
      ] as const) {
        mkdirSync(dirname(join(tree, path)), { recursive: true });
        symlinkSync(target, join(tree, path));
      }
      expect(readFileSync(join(tree, 'out'), 'utf8')).toBe('outside');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
