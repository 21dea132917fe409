/** Whether a base commit fits the template's limits, read from the tree object before anything is checked out. */
import type { FailureFacts } from '../../result/contract/gateway-api.ts';
import type { FetchSpec } from '../../result/contract/phase-spec.ts';
import { PhaseFailedError } from '../phase-failed.ts';
import { type GitDeps, git } from './git-command.ts';

/** The tree is on disk at least twice: `source`, and the copy that is worked in. */
const COPIES = 2;

/** Resolves with the count of tracked files; fails as `tree-unsupported` when they are too many or too big. */
export async function assertTreeFits(deps: GitDeps, source: string, spec: FetchSpec): Promise<number> {
  let files = 0;
  let bytes = 0;
  let rest = '';
  await git(deps, ['-C', source, 'ls-tree', '-r', '-l', '-z', '--end-of-options', spec.baseSha], (chunk) => {
    const records = (rest + chunk.toString('latin1')).split('\0');
    rest = records.pop() ?? '';
    files += records.length;
    bytes += records.reduce((sum, record) => sum + sizeOf(record), 0);
  });
  if (files > spec.limits.files) {
    throw unsupported(`${files} files`, `${spec.limits.files}`, { unit: 'files', needs: files });
  }
  const needs = bytes * COPIES;
  if (needs > spec.limits.diskBytes) {
    throw unsupported(gigabytes(needs), gigabytes(spec.limits.diskBytes), { unit: 'bytes', needs });
  }
  return files;
}

/** `MODE TYPE SHA SIZE<tab>PATH`; a submodule's size is `-`. */
function sizeOf(record: string): number {
  const size = Number(record.slice(0, record.indexOf('\t')).split(/ +/)[3]);
  return Number.isFinite(size) ? size : 0;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

function unsupported(needs: string, has: string, tree: NonNullable<FailureFacts['tree']>): PhaseFailedError {
  return new PhaseFailedError({
    code: 'tree-unsupported',
    message: `The base needs ${needs}, the template has ${has}. An organisation admin can raise its limit.`,
    facts: { tree },
  });
}
