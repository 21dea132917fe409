/** The unified diff: as git writes it, held against git itself. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { changeDiffs } from '../../src/result/change-diffs.ts';
import { readBundle } from '../../src/result/read-bundle.ts';
import { unifiedDiff } from '../../src/result/unified-diff.ts';
import { type BundleSpec, buildBundle } from '../builders/bundle.ts';

/** Files that are there before and after, by path. */
interface TextsSpec {
  readonly base: Readonly<Record<string, string>>;
  readonly put: Readonly<Record<string, string>>;
}

function diffOf(spec: BundleSpec): string {
  const changeSet = readBundle(buildBundle(spec));
  return unifiedDiff(changeSet, changeDiffs(changeSet));
}

const numbers = (count: number): string =>
  Array.from({ length: count }, (_, index) => `line ${index + 1}\n`).join('');

describe('unifiedDiff', () => {
  test('shows modes, names and hunks', () => {
    const base = { 'src/a.ts': numbers(30), 'gone.ts': 'x\n', run: 'x\n' };
    const put = {
      'src/a.ts': numbers(30).replace('line 3\n', 'three\n').replace('line 25\n', ''),
      'new.ts': 'a\n',
      run: { mode: '100755', bytes: 'x\n' },
      'logo.png': { mode: '100644', bytes: Buffer.from([0]) },
    } as const;
    expect(diffOf({ base, put, delete: ['gone.ts'] }).split('\n')).toEqual([
      'diff --git a/gone.ts b/gone.ts',
      'deleted file mode 100644',
      '--- a/gone.ts',
      '+++ /dev/null',
      '@@ -1,1 +0,0 @@',
      '-x',
      'diff --git a/logo.png b/logo.png',
      'new file mode 100644',
      'Binary files differ',
      'diff --git a/new.ts b/new.ts',
      'new file mode 100644',
      '--- /dev/null',
      '+++ b/new.ts',
      '@@ -0,0 +1,1 @@',
      '+a',
      'diff --git a/run b/run',
      'old mode 100644',
      'new mode 100755',
      'diff --git a/src/a.ts b/src/a.ts',
      '--- a/src/a.ts',
      '+++ b/src/a.ts',
      '@@ -1,6 +1,6 @@',
      ' line 1',
      ' line 2',
      '-line 3',
      '+three',
      ' line 4',
      ' line 5',
      ' line 6',
      '@@ -22,7 +22,6 @@',
      ' line 22',
      ' line 23',
      ' line 24',
      '-line 25',
      ' line 26',
      ' line 27',
      ' line 28',
      '',
    ]);
  });

  test('is cut with a note', () => {
    const put = { a: `${'x'.repeat(9)}\n`.repeat(90_000), b: 'y\n', c: 'z\n' };
    expect(diffOf({ put }).slice(-60)).toContain('(cut after 400000 characters; 2 more files)');
  });

  test('says where a file is too large to be compared', () => {
    expect(diffOf({ put: { a: '\n'.repeat(300_000) } })).toBe(
      'diff --git a/a b/a\nnew file mode 100644\nFiles differ, too large to compare\n',
    );
  });

  test('applies with git, and gives the new files', () => {
    const base = { 'src/a.ts': numbers(60), 'src/b.ts': numbers(5) };
    const put = {
      'src/a.ts': numbers(60)
        .replace('line 7\n', 'seven\n')
        .replace('line 12\n', '')
        .replace('line 40\n', 'line 40\nmore\nand more\n'),
      'src/b.ts': `first\n${numbers(5)}`,
      'src/c.ts': 'new\nfile\n',
    };
    expect(appliedByGit({ base, put })).toEqual(put);
  });

  test.each([
    ['a\nb\n', 'a\nb'],
    ['a\nb', 'a\nb\n'],
    ['a\nb', 'c\nb'],
    ['a\nb', 'a\nc'],
    ['a', 'a\nb\n'],
    ['a', 'a\nb'],
    ['a\nb\n', 'a'],
    ['a\nb', 'a'],
    ['', 'a'],
    ['a\nb\nc', ''],
    [`${numbers(9)}end`, `${numbers(9).replace('line 1\n', '')}end`],
  ])('keeps a missing line break at the end: %j to %j', (before, after) => {
    const spec = { base: { f: before }, put: { f: after } };
    expect(appliedByGit(spec)).toEqual({ f: after });
  });

  test('is what git itself writes for such a file', () => {
    expect(
      diffOf({ base: { f: 'a\nb\n' }, put: { f: 'a' } })
        .split('\n')
        .slice(3),
    ).toEqual(['@@ -1,2 +1,1 @@', '-a', '-b', '+a', '\\ No newline at end of file', '']);
  });
});

/** What git makes of the base with our diff, by path. */
function appliedByGit(spec: TextsSpec): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'glovebox-diff-'));
  try {
    for (const [path, text] of Object.entries(spec.base)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    execFileSync('git', ['apply', '--unsafe-paths', `--directory=${folder}`, '-'], {
      input: diffOf(spec),
      cwd: folder,
    });
    return Object.fromEntries(
      Object.keys(spec.put).map((path) => [path, readFileSync(join(folder, path), 'utf8')]),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
