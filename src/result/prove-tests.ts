/**
 * Which tests show that the change matters: a new or changed test that fails by assertion on the base's source and passes
 * on the new one. What did not compile there shows nothing.
 */

import { type CheckCells, idsOf, type RunTests, readableRuns, statusOver } from './test-runs.ts';
import type { ProofNote } from './verdict.ts';

/**
 * A note per new or changed test of one check, sorted by id. New: the base has no such id. Changed: it passed on the base
 * as the base wrote it, and does not on the base's source as the change set writes it.
 */
export function proveTests(check: string, cells: CheckCells): ProofNote[] {
  const base = readableRuns(cells.base);
  const head = readableRuns(cells.head);
  const newTests = readableRuns(cells.newTests);
  return idsOf(head)
    .filter((id) => isNewOrChanged(id, base, newTests))
    .map((id) => {
      const onBase = resultOnBase(id, newTests);
      const file = head.map((run) => run.get(id)?.file).find((name) => name != null) ?? null;
      return {
        check,
        id,
        file,
        onBase,
        proof: onBase === 'fails-by-assertion' && statusOver(head, id) === 'passed',
      };
    });
}

function isNewOrChanged(id: string, base: readonly RunTests[], newTests: readonly RunTests[]): boolean {
  if (!base.some((run) => run.has(id))) return true;
  return statusOver(base, id) === 'passed' && statusOver(newTests, id) === 'failed';
}

function resultOnBase(id: string, newTests: readonly RunTests[]): ProofNote['onBase'] {
  if (newTests.length === 0) return 'not-comparable';
  const status = statusOver(newTests, id);
  if (status === 'gone') return newTests.every((run) => run.size === 0) ? 'not-comparable' : 'absent';
  if (status !== 'failed') return 'passes';
  const kinds = newTests.map((run) => run.get(id)?.failure?.kind);
  return kinds.every((kind) => kind === 'assertion') ? 'fails-by-assertion' : 'fails-otherwise';
}
