/** Change sets and results as a sandbox sends them. */
import type { BaseResults, CellResult, NewResults } from '../../src/result/contract/cell.ts';
import type { ChangeEntry, ChangeSet } from '../../src/result/contract/change-set.ts';
import type { Digest } from '../../src/shared/digest.ts';
import { BASE_SHA } from './task-row.ts';

/** A file with this text. */
export function putEntry(path: string, text = 'a'): ChangeEntry {
  return { op: 'put', path, mode: '100644', contentBase64: Buffer.from(text).toString('base64') };
}

/** A change set against the tests' base commit. */
export function buildChangeSet(...entries: ChangeEntry[]): ChangeSet {
  return { baseSha: BASE_SHA, entries, ignoredFiles: 0, setupAltered: [] };
}

/** One cell of the check `npm test`. */
export function buildCell(overrides: Partial<CellResult> = {}): CellResult {
  return {
    check: 'npm test',
    source: 'base',
    tests: 'base',
    outcome: 'passed',
    exitCode: 0,
    signal: null,
    limit: null,
    durationMs: 10,
    results: null,
    reportProblem: null,
    output: { head: '', tail: '', totalBytes: 0 },
    ...overrides,
  };
}

export function buildBaseResults(overrides: Partial<CellResult> = {}): BaseResults {
  return { cells: [buildCell(overrides)] };
}

export function buildNewResults(digest: Digest): NewResults {
  return { digest, complete: true, cells: [buildCell({ source: 'new', tests: 'new' })] };
}
