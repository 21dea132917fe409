/** The hostile change set at the door: every trick is refused by its rule, and its harmless twin passes. */
import { describe, expect, test } from 'vitest';
import { CHANGE_SET_BOUNDS, changeSetDigest } from '../../src/result/contract/change-set.ts';
import { readBundle } from '../../src/result/read-bundle.ts';
import { buildBundle, bundleOf, refusal, refusalOf } from '../builders/bundle.ts';

const put = (path: string, text = 'x') => ({
  op: 'put' as const,
  path,
  mode: '100644' as const,
  contentBase64: Buffer.from(text).toString('base64'),
});

test('a harmless change set is read with both sides of every path', () => {
  const bundle = buildBundle({
    base: { 'src/a.ts': 'old', 'src/gone.ts': 'bye' },
    put: { 'src/a.ts': 'new', 'src/b.ts': { mode: '100755', bytes: 'run' } },
    delete: ['src/gone.ts'],
  });
  const read = readBundle(bundle);
  const sides = read.changes.map(({ path, before, after }) => [
    path,
    before && Buffer.from(before.bytes ?? []).toString(),
    after && `${after.mode} ${Buffer.from(after.bytes).toString()}`,
  ]);
  expect(sides).toEqual([
    ['src/a.ts', 'old', '100644 new'],
    ['src/b.ts', null, '100755 run'],
    ['src/gone.ts', 'bye', null],
  ]);
  expect([read.baseSha, read.digest]).toEqual([bundle.changeSet.baseSha, bundle.sealedDigest]);
});

describe('one path', () => {
  test.each([
    ['absolute', '/etc/passwd'],
    ['absolute', 'C:/windows/a'],
    ['leaves the tree', '../a'],
    ['leaves the tree', 'src/../../a'],
    ['leaves the tree', './a'],
    ['empty part', 'src//a'],
    ['empty part', 'src/'],
    ['git folder', '.git/config'],
    ['git folder', 'sub/.git/hooks/post-checkout'],
    ['git folder', '.GIT/config'],
    ['git folder', 'git~1/config'],
    ['git folder', 'GIT~27/config'],
    ['git folder', 'gitmod~1'],
    ['git folder', '.git./config'],
    ['git folder', '.git /config'],
    ['git folder', '.git::$INDEX_ALLOCATION/config'],
    ['git folder', '.git:x'],
    ['git folder', '\uff0egit/config'],
    ['invisible character', '.g\u200cit/config'],
    ['invisible character', 'src/a\ufe0f.ts'],
    ['invisible character', 'src/a\u{e0041}.ts'],
    ['invisible character', 'src/a\u00ad.ts'],
    ['bidi character', 'src/\u202egnp.ts'],
    ['bidi character', 'src/\u2066a'],
    ['control character', 'src/a\nb'],
    ['control character', 'src/a\u0000b'],
    ['control character', 'src/a\u009bb'],
    ['backslash', 'src\\..\\a'],
    ['trailing dot or space', 'src/a.'],
    ['trailing dot or space', 'src /a'],
    ['compatibility spelling', 'src/\u2025/a'],
    ['compatibility spelling', 'src\uff0fa'],
    ['compatibility spelling', 'src\uff3ca'],
    ['not UTF-8', 'src/\ud800'],
    ['not UTF-8', 'src/\ufffd.ts'],
    ['too long', `src/${'a'.repeat(256)}`],
    ['too long', `${'ä/'.repeat(400)}a`],
  ])('%s: %j is refused', (rule, path) => {
    expect(
      refusal(bundleOf({ baseSha: 'a'.repeat(40), entries: [put(path)], ignoredFiles: 0, setupAltered: [] })),
    ).toEqual({ index: 1, rule });
  });

  test.each([
    '.gitignore',
    'src/.github.ts',
    'git/a',
    'src/größe.ts',
    'docs/日本語.md',
    'a b/c d.txt',
    'notes:b.md',
    '..a',
    'git~',
  ])('%j is accepted', (path) => {
    expect(refusalOf({ put: { [path]: 'x' } })).toBe('accepted');
  });
});

describe('the whole', () => {
  const harmless = buildBundle({ put: { a: 'x' } });

  /** What stands where the sealed one stood, as harmless in its form. */
  const swapped = buildBundle({ put: { a: 'not what was verified' } });

  test('another digest than the sealed one is refused', () => {
    expect(refusal({ ...swapped, sealedDigest: harmless.sealedDigest })).toEqual({
      index: 0,
      rule: 'digest',
    });
  });

  test('counter-test: taken by the digest that comes with it, the other set is read', () => {
    const [change] = readBundle(swapped).changes;
    expect(Buffer.from(change?.after?.bytes ?? []).toString()).toBe('not what was verified');
  });

  test.each([
    ['a mode of a device', { op: 'put', path: 'a', mode: '020644', contentBase64: '' }],
    ['a mode of a submodule', { op: 'put', path: 'a', mode: '160000', contentBase64: '' }],
    ['a setuid mode', { op: 'put', path: 'a', mode: '104755', contentBase64: '' }],
    ['an unknown operation', { op: 'chmod', path: 'a' }],
    ['an unknown key', { ...put('a'), url: 'https://example.com' }],
    ['no base64', { ...put('a'), contentBase64: '*' }],
    ['an empty path', put('')],
  ])('%s is refused', (_what, entry) => {
    const changeSet = { baseSha: 'a'.repeat(40), entries: [entry], ignoredFiles: 0, setupAltered: [] };
    expect(() => readBundle({ ...harmless, changeSet })).toThrow(
      expect.objectContaining({ values: { index: 0, rule: 'shape' } }),
    );
  });

  test.each([
    ['duplicate', [put('a'), put('a', 'y')], 2],
    ['duplicate', [{ op: 'delete' as const, path: 'a' }, put('a')], 2],
    ['not sorted', [put('b'), put('a')], 2],
    ['not sorted', [put('a'), put('\u{10000}'), put('\uff5e')], 3],
  ])('%s entries are refused', (rule, entries, index) => {
    expect(
      refusal(bundleOf({ baseSha: 'a'.repeat(40), entries, ignoredFiles: 0, setupAltered: [] })),
    ).toEqual({ index, rule });
  });

  test('more bytes than the bounds are refused', () => {
    const big = 'x'.repeat(CHANGE_SET_BOUNDS.maxFileBytes);
    expect(refusalOf({ put: { a: big, b: big, c: big, d: big } })).toBe('accepted');
    expect(refusalOf({ put: { a: big, b: big, c: big, d: big, e: 'x' } })).toEqual({
      index: 5,
      rule: 'too large',
    });
    expect(refusalOf({ put: { a: `${big}x` } })).toMatchObject({ index: 1 });
  });

  test('a put of what the base holds already is refused', () => {
    expect(refusalOf({ base: { a: 'x' }, put: { a: 'x' } })).toEqual({ index: 1, rule: 'unchanged' });
    expect(refusalOf({ base: { a: 'x' }, put: { a: { mode: '100755', bytes: 'x' } } })).toBe('accepted');
  });

  test('a delete of what the base does not hold is refused', () => {
    expect(refusalOf({ base: { a: 'x' }, delete: ['b'] })).toEqual({
      index: 1,
      rule: 'deletes what is not there',
    });
  });

  test('a submodule of the base is not touched', () => {
    const bundle = buildBundle({ base: { lib: 'x' }, put: { lib: 'y' } });
    const entries = new Map([['lib', { mode: '160000', sha: 'b'.repeat(40), size: 0 }]]);
    expect(refusal({ ...bundle, baseFiles: { entries, contents: new Map() } })).toEqual({
      index: 1,
      rule: 'submodule',
    });
  });
});

describe('names that collide', () => {
  test.each([
    ['by case', { 'src/A.ts': 'x' }, { 'src/a.ts': 'y' }],
    ['by the case of a folder', { 'src/a.ts': 'x' }, { 'SRC/b.ts': 'y' }],
    ['by composition (NFC and NFD)', { 'caf\u00e9': 'x' }, { 'cafe\u0301': 'y' }],
    ['by compatibility (NFKC)', { file: 'x' }, { '\ufb01le': 'y' }],
    ['by case folding', { strasse: 'x' }, { 'stra\u00dfe': 'y' }],
    ['by the Kelvin sign', { k: 'x' }, { '\u212a': 'y' }],
  ])('%s are refused against the base and among themselves', (_how, base, next) => {
    expect(refusalOf({ base, put: next })).toMatchObject({ rule: 'name collides' });
    expect(refusalOf({ put: { ...base, ...next } })).toMatchObject({ rule: 'name collides' });
  });

  test('a rename by case is accepted, and so are collisions of the base that are left alone', () => {
    expect(refusalOf({ base: { 'A.ts': 'x' }, put: { 'a.ts': 'x' }, delete: ['A.ts'] })).toBe('accepted');
    expect(refusalOf({ base: { 'A.ts': 'x', 'a.ts': 'y' }, put: { 'b.ts': 'z' } })).toBe('accepted');
  });
});

describe('files and folders', () => {
  test('a file in the place of a folder is refused while the folder has files', () => {
    expect(refusalOf({ base: { 'a/b': 'x' }, put: { a: 'y' } })).toEqual({
      index: 1,
      rule: 'file and folder',
    });
    expect(refusalOf({ base: { 'a/b': 'x' }, put: { a: 'y' }, delete: ['a/b'] })).toBe('accepted');
  });

  test('a file below a file is refused while that file stays', () => {
    expect(refusalOf({ base: { a: 'x' }, put: { 'a/b': 'y' } })).toEqual({
      index: 1,
      rule: 'file and folder',
    });
    expect(refusalOf({ base: { a: 'x' }, put: { 'a/b': 'y' }, delete: ['a'] })).toBe('accepted');
  });
});

test('the digest does not depend on the two reports, which are not part of the tree', () => {
  const { changeSet } = buildBundle({ put: { a: 'x' } });
  expect(changeSetDigest({ ...changeSet, ignoredFiles: 7, setupAltered: ['b'] })).toBe(
    changeSetDigest(changeSet),
  );
});
