/** What is read of the base: the touched files, symlinks where they matter, within bounds. */
import { describe, expect, test } from 'vitest';
import {
  BASE_FILE_BOUNDS,
  type BaseEntry,
  type BaseTree,
  readBaseFiles,
} from '../../src/result/base-files.ts';
import { type BundleSpec, buildBundle, symlink } from '../builders/bundle.ts';

/** A tree that records what is read of it. */
function treeOf(
  files: Readonly<Record<string, Partial<BaseEntry>>>,
): BaseTree & { readonly reads: string[] } {
  const entries = Object.entries(files).map(
    ([path, entry]) => [path, { mode: '100644', sha: 'a'.repeat(40), size: 1, ...entry }] as const,
  );
  const reads: string[] = [];
  return {
    reads,
    listPaths: async () => new Map(entries),
    read: async (path) => {
      reads.push(path);
      return Buffer.from(`bytes of ${path}`);
    },
  };
}

const change = (spec: BundleSpec) => buildBundle(spec).changeSet;

describe('readBaseFiles', () => {
  test('reads the touched files only, each once', async () => {
    const tree = treeOf({ a: {}, b: {}, c: {} });
    const files = await readBaseFiles(
      tree,
      change({ base: { b: 'x' }, put: { a: 'new', n: 'new' }, delete: ['b'] }),
    );
    expect(tree.reads.toSorted()).toEqual(['a', 'b']);
    expect([...files.entries.keys()]).toEqual(['a', 'b', 'c']);
    expect(Buffer.from(files.contents.get('a') ?? []).toString()).toBe('bytes of a');
  });

  test('reads the symlinks of the base where the change set adds one', async () => {
    const tree = treeOf({ a: {}, link: { mode: '120000' } });
    await readBaseFiles(tree, change({ put: { a: 'new' } }));
    expect(tree.reads).toEqual(['a']);
    await readBaseFiles(tree, change({ put: { n: symlink('a') } }));
    expect(tree.reads).toEqual(['a', 'link']);
  });

  test('refuses a base with too many symlinks to judge a new one', async () => {
    const links = Array.from({ length: BASE_FILE_BOUNDS.maxSymlinks + 1 }, (_, index) => [
      `l${index}`,
      { mode: '120000' },
    ]);
    const tree = treeOf(Object.fromEntries(links));
    await expect(readBaseFiles(tree, change({ put: { n: symlink('a') } }))).rejects.toMatchObject({
      code: 'tree-unsupported',
    });
    expect(tree.reads).toEqual([]);
  });

  test('reads no submodule and nothing over the bounds', async () => {
    const big = BASE_FILE_BOUNDS.maxFileBytes;
    const full = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`f${index}`, { size: big }]));
    const tree = treeOf({ sub: { mode: '160000', size: 0 }, huge: { size: big + 1 }, ...full });
    await readBaseFiles(
      tree,
      change({ put: Object.fromEntries(['sub', 'huge', ...Object.keys(full)].map((path) => [path, 'x'])) }),
    );
    expect(tree.reads.toSorted()).toEqual(['f0', 'f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'f7']);
  });

  test('fails where the tree does', async () => {
    const tree: BaseTree = { ...treeOf({ a: {} }), read: () => Promise.reject(new Error('gone')) };
    await expect(readBaseFiles(tree, change({ put: { a: 'x' } }))).rejects.toThrow('gone');
  });
});
