/** Names of tests, made stable and bounded: the judge compares them across cells. */
import { createHash } from 'node:crypto';
import type { TestResult } from '../../result/contract/cell.ts';

/** A test as a report's parser saw it, before names are made unique. */
export interface RawTest {
  readonly path: readonly string[];
  readonly file: string | null;
  readonly status: TestResult['status'];
  readonly failure: TestResult['failure'];
}

const MAX_ID = 500;
const MAX_TESTS = 20_000;

/** What a parser made of a report: tests, or why it cannot be read. */
export type ReadReport = { readonly tests: readonly RawTest[] } | { readonly problem: string };

/**
 * Joins names with ` › `, takes the workspace's own path out of them, cuts what is too long (with a hash, so that two stay
 * two), and numbers duplicates in their order: `adds`, `adds (2)`. More than 20,000 tests are a problem, not a cut.
 */
export function nameTests(tests: readonly RawTest[], workspace: string): TestResult[] | string {
  if (tests.length > MAX_TESTS) return `the report holds ${tests.length} tests, more than ${MAX_TESTS}`;
  const seen = new Map<string, number>();
  const taken = new Set<string>();
  return tests.map((test) => {
    const plain = clean(test.path.filter((part) => part !== '').join(' › '), workspace) || '(unnamed)';
    let count = (seen.get(plain) ?? 0) + 1;
    while (taken.has(numbered(plain, count))) count++;
    seen.set(plain, count);
    const id = numbered(plain, count);
    taken.add(id);
    return { id, file: fileOf(test.file, workspace), status: test.status, failure: test.failure };
  });
}

/** Cuts a failure's text to what a cell may carry. */
export function failureOf(kind: 'assertion' | 'error', message: string): TestResult['failure'] {
  return { kind, message: withoutControls(message).slice(0, 2_000) };
}

function numbered(plain: string, count: number): string {
  return count === 1 ? bounded(plain) : `${bounded(plain, 12)} (${count})`;
}

function bounded(text: string, reserve = 0): string {
  if (text.length <= MAX_ID - reserve) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8);
  return `${text.slice(0, MAX_ID - reserve - 10)}… ${hash}`;
}

function clean(text: string, workspace: string): string {
  return withoutControls(text).replaceAll(`${workspace}/`, '').replace(/\s+/g, ' ').trim();
}

function fileOf(file: string | null, workspace: string): string | null {
  if (file === null || file.length > 1_024) return null;
  return withoutControls(file).replaceAll(`${workspace}/`, '').replace(/^\.\//, '') || null;
}

/** Lone surrogates and control characters (tab and newline stay) would not survive JSON, terminals or Markdown. */
function withoutControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  return text.toWellFormed().replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}
