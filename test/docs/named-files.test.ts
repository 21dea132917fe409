/** Documents name files and folders of the tree; one that was moved or removed fails here. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const FOLDERS = ['src', 'test', 'demo', 'bench', 'build', 'docs', 'k8s', 'bin', '.ci'];
/** `` `src/task/task.ts` ``, `` `k8s/` ``, `` `node build/bundle.ts` ``: a path that begins with one of our folders. */
const PATH = new RegExp(`(?<=[\`( ])(?:${FOLDERS.join('|').replace('.', '[.]')})/[\\w./-]*(?=[\`) ])`, 'g');
/** `` `follow.ts` ``: a file by its name alone. */
const NAME = /(?<=`)[a-z0-9-]+[.](?:ts|mjs|md)(?=`)/g;

const entries = FOLDERS.flatMap((folder) =>
  readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' }),
);
const names = new Set(entries.map((entry) => basename(entry)));
const ownDocuments = readdirSync(new URL('docs', ROOT), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);

interface NamedFiles {
  readonly paths: readonly string[];
  readonly names: readonly string[];
}

/** What the text names, whether it is there or not. */
function namedFiles(text: string): NamedFiles {
  return { paths: text.match(PATH) ?? [], names: text.match(NAME) ?? [] };
}

/** Those of them that the tree does not hold. */
function gone(named: NamedFiles): readonly string[] {
  return [
    ...named.paths.filter((path) => !existsSync(new URL(path, ROOT))),
    ...named.names.filter((name) => !names.has(name)),
  ];
}

const read = (document: string): string => readFileSync(new URL(document, ROOT), 'utf8');

describe.each([...ownDocuments, 'README.md', 'AGENTS.md', 'CHANGELOG.md'])('%s', (document) => {
  it('names only files and folders that exist', () => {
    expect(gone(namedFiles(read(document)))).toEqual([]);
  });
});

it('finds the files that a document names', () => {
  expect(namedFiles(read('docs/life-of-a-task.md')).paths.length).toBeGreaterThan(70);
  expect(namedFiles(read('README.md')).paths).toContain('docs/security.md');
});

it('sees a file that is gone (counter-test)', () => {
  const text =
    '`src/task/no-such-file.ts`, [k8s](k8s/no-overlay), `node build/gone.ts`, `no-such-name.ts`, `task.ts`';
  expect(gone(namedFiles(text))).toEqual([
    'src/task/no-such-file.ts',
    'k8s/no-overlay',
    'build/gone.ts',
    'no-such-name.ts',
  ]);
});
