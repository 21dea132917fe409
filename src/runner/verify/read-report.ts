/**
 * Takes a check's report after everything else was killed. Only a regular file that this check made counts: deleted
 * before, not part of the change set, no link, not moved here from an older file (a forged report).
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, rmSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import type { ReportSpec } from '../../result/contract/phase-spec.ts';
import { bornMs } from './file-clock.ts';
import { parseJunit } from './parse-junit.ts';
import { parseTap } from './parse-tap.ts';
import type { ReadReport } from './test-ids.ts';

/** Where the report is to appear, and what must not be it. */
export interface ReportPlace {
  readonly workspace: string;
  readonly report: ReportSpec;
  /** Paths that the cell's change set put; a report among them was written beforehand. */
  readonly putPaths: ReadonlySet<string>;
  /** From `fileClockMark`, right before the check. */
  readonly startedAtMs: number;
  /** Standard output, kept for reports on `-`. */
  readonly stdout: Buffer;
}

/** Bytes of a report that we read; a longer one is a problem. */
export const MAX_REPORT_BYTES = 32 * 1024 * 1024;

/** Removes what lies where the report will be. Answers false when the path leaves the workspace. */
export function clearReport(workspace: string, report: ReportSpec): boolean {
  if (report.path === '-') return true;
  const path = insidePath(report.path);
  if (path === null || hasLinkOnTheWay(workspace, path)) return false;
  rmSync(join(workspace, path), { recursive: true, force: true });
  return true;
}

/** Reads and parses; never throws. */
export function readReport(place: ReportPlace): ReadReport {
  const bytes = place.report.path === '-' ? place.stdout : fileBytes(place);
  if (typeof bytes === 'string') return { problem: bytes };
  if (bytes.length > MAX_REPORT_BYTES)
    return { problem: `the report is larger than ${MAX_REPORT_BYTES} bytes` };
  const text = bytes.toString('utf8');
  return place.report.format === 'junit' ? parseJunit(text) : parseTap(text);
}

/** True when the check made no report at all, which is not the same as a bad one. */
export function isAbsent(place: ReportPlace): boolean {
  if (place.report.path === '-') return place.stdout.length === 0;
  const path = insidePath(place.report.path);
  return path === null || lstatSync(join(place.workspace, path), { throwIfNoEntry: false }) === undefined;
}

function fileBytes(place: ReportPlace): Buffer | string {
  const path = insidePath(place.report.path);
  if (path === null) return `the report's path '${place.report.path}' leaves the workspace`;
  if (place.putPaths.has(path)) return `the report '${path}' is part of the change set`;
  if (hasLinkOnTheWay(place.workspace, path)) return `the report '${path}' lies behind a link`;
  try {
    return regularFile(join(place.workspace, path), place.startedAtMs);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : 'error';
    return code === 'ENOENT'
      ? `the check made no report '${path}'`
      : `the report '${path}' cannot be read (${code})`;
  }
}

function regularFile(path: string, startedAtMs: number): Buffer | string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return 'the report is not a regular file';
    if (stat.nlink !== 1) return 'the report is a hard link to another file';
    // Born before the check: moved here from elsewhere.
    if (bornMs(stat) < startedAtMs) return 'the report is older than the check';
    if (stat.size > MAX_REPORT_BYTES) return `the report is larger than ${MAX_REPORT_BYTES} bytes`;
    const buffer = Buffer.alloc(stat.size);
    return buffer.subarray(0, stat.size === 0 ? 0 : readSync(fd, buffer, 0, stat.size, 0));
  } finally {
    closeSync(fd);
  }
}

function insidePath(path: string): string | null {
  const clean = normalize(path);
  return clean.startsWith('/') || clean === '.' || clean.split('/').includes('..') ? null : clean;
}

function hasLinkOnTheWay(workspace: string, path: string): boolean {
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
    if (lstatSync(join(workspace, folder), { throwIfNoEntry: false })?.isSymbolicLink() === true) return true;
  }
  return false;
}
