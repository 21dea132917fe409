import { existsSync, lstatSync, readFileSync, readlinkSync, symlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ChangeEntry, FileMode } from '../../../src/result/contract/change-set.ts';
import { applyChangeSet } from '../../../src/runner/change-set/apply-change-set.ts';
import { type RunnerSandbox, runnerSandbox, writeFiles } from '../../fixtures/runner-sandbox.ts';

let box: RunnerSandbox;
beforeEach(() => {
  box = runnerSandbox();
  writeFiles(box.path('prepared'), { 'a.txt': 'a', 'd/b.txt': 'b' });
});
afterEach(() => box.remove());

function put(path: string, text: string, mode: FileMode = '100644'): ChangeEntry {
  return { op: 'put', path, mode, contentBase64: Buffer.from(text).toString('base64') };
}
const gone = (path: string): ChangeEntry => ({ op: 'delete', path });
const apply = (...entries: ChangeEntry[]) => applyChangeSet(box.path('prepared'), entries);
const textOf = (...parts: string[]) => readFileSync(box.path(...parts), 'utf8');

test('writes, replaces and deletes, with modes; folders that become empty go', () => {
  apply(put('a.txt', 'A', '100755'), put('n/e/w', 'n'), put('l', 'a.txt', '120000'), gone('d/b.txt'));
  expect(textOf('prepared/a.txt')).toBe('A');
  expect(lstatSync(box.path('prepared/a.txt')).mode & 0o777).toBe(0o755);
  expect(textOf('prepared/n/e/w')).toBe('n');
  expect(readlinkSync(box.path('prepared/l'))).toBe('a.txt');
  expect(existsSync(box.path('prepared/d'))).toBe(false);
});

test("a file may take a folder's place and a folder a file's", () => {
  apply(gone('d/b.txt'), put('d', 'file'), gone('a.txt'), put('a.txt/x', 'x'));
  expect(textOf('prepared/d')).toBe('file');
  expect(textOf('prepared/a.txt/x')).toBe('x');
});

test('a link is replaced and not written through', () => {
  writeFiles(box.root, { outside: 'safe' });
  symlinkSync(box.path('outside'), box.path('prepared/l'));
  apply(put('l', 'evil'));
  expect(textOf('outside')).toBe('safe');
  expect(lstatSync(box.path('prepared/l')).isFile()).toBe(true);
});

describe('INC-09: paths that leave the tree', () => {
  test.each(['../x', 'a/../../x', '/tmp/x', 'a//b', './x', '', 'x/.', '.git/hooks/x', 'sub/.GIT/x', 'a\0b'])(
    '%j',
    (path) => {
      expect(() => apply(put(path, 'evil'))).toThrow('cannot be laid over');
      expect(() => apply(gone(path))).toThrow('cannot be laid over');
    },
  );

  test('a put through a link of the same change set', () => {
    expect(() => apply(put('out', box.root, '120000'), put('out/outside', 'evil'))).toThrow(
      'a file or a link',
    );
    expect(existsSync(box.path('outside'))).toBe(false);
  });

  test('a delete through a link of the base', () => {
    writeFiles(box.root, { 'elsewhere/x': 'safe' });
    symlinkSync(box.path('elsewhere'), box.path('prepared/out'));
    apply(gone('out/x'));
    expect(existsSync(box.path('elsewhere/x'))).toBe(true);
  });

  test('counter-test: writing through such a link without the look does leave the tree', () => {
    symlinkSync(box.root, box.path('prepared/out'));
    writeFiles(box.path('prepared'), { 'out/outside': 'evil' });
    expect(existsSync(box.path('outside'))).toBe(true);
  });
});
