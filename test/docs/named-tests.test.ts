/** Documents name the tests that hold their claims; a test that was renamed or removed fails here. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
/** `` `folder/file` "a name" "another name" ``: a file under test/ and the beginnings of names in it. */
const REFERENCE = /`([a-z0-9/-]+)`:?((?:,? "[^"]+")+)/g;

interface NamedTest {
  readonly file: string;
  readonly name: string;
}

function namedTests(document: string): readonly NamedTest[] {
  const text = readFileSync(new URL(document, ROOT), 'utf8').replace(/\s+/g, ' ');
  return [...text.matchAll(REFERENCE)].flatMap(([, file = '', names = '']) =>
    [...names.matchAll(/"([^"]+)"/g)].map(([, name = '']) => ({ file, name })),
  );
}

/** True where the file exists and holds the name. */
function isThere({ file, name }: NamedTest): boolean {
  const path = [`test/${file}.test.ts`, `test/${file}.ts`]
    .map((one) => fileURLToPath(new URL(one, ROOT)))
    .find((one) => existsSync(one));
  return path !== undefined && readFileSync(path, 'utf8').includes(name);
}

const documents = readdirSync(new URL('docs', ROOT), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);

describe.each(documents)('%s', (document) => {
  it('names only tests that exist', () => {
    expect(namedTests(document).filter((one) => !isThere(one))).toEqual([]);
  });
});

it('finds the tests that a document names', () => {
  expect(namedTests('docs/security.md').length).toBeGreaterThan(150);
});

/** The rows of the threat tables whose last cell names no test that shows the attack, says in no test, and gives no reason. */
function withoutCounterTest(text: string): readonly string[] {
  const rows = text.split('\n').filter((line) => line.startsWith('|') && !/^\|(---|Threat)\|/.test(line));
  return rows.filter(
    (row) => !/^(`[a-z0-9/-]+`:? "|in [a-z`]|none: [a-z])/.test(row.split('|').at(-2) ?? ''),
  );
}

it('shows each attack working without its control, or says why not', () => {
  const text = readFileSync(new URL('docs/security.md', ROOT), 'utf8');
  expect(withoutCounterTest(text)).toEqual([]);
});

it('sees a row without a counter-test (counter-test)', () => {
  const row = (cell: string): string => `|A threat|a control|\`a/test\` "its name"|${cell}|`;
  expect(withoutCounterTest([row('none yet'), row(''), row('none:')].join('\n'))).toHaveLength(3);
});

it('sees a test that is gone (counter-test)', () => {
  expect(isThere({ file: 'audit/chain', name: 'a name that nobody gave' })).toBe(false);
  expect(isThere({ file: 'audit/no-such-file', name: 'INC-23' })).toBe(false);
});
