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
 * Joins names with ` › `, takes the workspace's own path out of them, and cuts what is too long (with a hash, so that two
 * stay two). Tests that share a name keep it: the judge counts them. More than 20,000 tests are a problem, not a cut.
 */
export function nameTests(tests: readonly RawTest[], workspace: string): TestResult[] | string {
  if (tests.length > MAX_TESTS) return `the report holds ${tests.length} tests, more than ${MAX_TESTS}`;
  return tests.map((test) => ({
    id: bounded(clean(test.path.filter((part) => part !== '').join(' › '), workspace) || '(unnamed)'),
    file: fileOf(test.file, workspace),
    status: test.status,
    failure: test.failure,
  }));
}

/** Cuts a failure's text to what a cell may carry. */
export function failureOf(kind: 'assertion' | 'error', message: string): TestResult['failure'] {
  return { kind, message: withoutControls(message).slice(0, 2_000) };
}

function bounded(text: string): string {
  if (text.length <= MAX_ID) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8);
  return `${text.slice(0, MAX_ID - 10).toWellFormed()}… ${hash}`;
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
