/**
 * Results and the sealed set, for deliver alone: base results first and once, then the sealed change set, then the new
 * cells for exactly its digest. So no byte of the agent's is in the pod before the base results are out of it.
 */
import { BaseResults, MAX_RESULT_BYTES, NewResults } from '../../result/contract/cell.ts';
import type { SealedSet } from '../../result/contract/phase-spec.ts';
import { readSealed } from '../../task/store/read-sealed.ts';
import { takeBaseResults } from '../../task/store/take-base-results.ts';
import { takeNewResults } from '../../task/store/take-new-results.ts';
import { readJsonBody } from '../read-body.ts';
import { Refusal } from '../refusal.ts';
import { type Call, noContent, requireOpenPhase, type SandboxDeps, withOpenPhase } from './call.ts';

/** `PUT /sandbox/results/base`. Errors: `Refusal` `conflict` for others than the first, `phase-closed`, `invalid`. */
export async function handleBaseResults(
  deps: SandboxDeps,
  { caller, request, onBytes }: Call,
): Promise<Response> {
  await requireOpenPhase(deps, caller);
  const results = await readJsonBody(request, { schema: BaseResults, maxBytes: MAX_RESULT_BYTES, onBytes });
  if (results.cells.some((cell) => cell.source !== 'base' || cell.tests !== 'base')) {
    throw new Refusal('invalid', 'a cell that is no base cell');
  }
  await withOpenPhase(deps, caller, async (trx, job) => {
    const end = await takeBaseResults(trx, job, results);
    if (end === 'conflict') throw new Refusal('conflict', 'other base results were taken');
  });
  return noContent();
}

/** `PUT /sandbox/results/new`: closes the job. Errors: `Refusal` `conflict`, `phase-closed`, `invalid`, `too-large`. */
export async function handleNewResults(
  deps: SandboxDeps,
  { caller, request, onBytes }: Call,
): Promise<Response> {
  await requireOpenPhase(deps, caller);
  const results = await readJsonBody(request, { schema: NewResults, maxBytes: MAX_RESULT_BYTES, onBytes });
  if (results.cells.some((cell) => cell.source === 'base' && cell.tests === 'base')) {
    throw new Refusal('invalid', 'a base cell among the new cells');
  }
  await withOpenPhase(deps, caller, async (trx, job) => {
    const end = await takeNewResults(trx, job, results);
    if (end !== 'taken') throw new Refusal('conflict', `new results: ${end}`);
  });
  return noContent();
}

/** `GET /sandbox/sealed`: 200 SealedSet, 204 not yet, 410 nothing will come, 409 base results are missing. */
export async function handleSealed(deps: SandboxDeps, { caller }: Call): Promise<Response> {
  const read = await withOpenPhase(deps, caller, (trx, job) => readSealed(trx, job));
  switch (read.state) {
    case 'nothing':
      return new Response(null, { status: 410 });
    case 'no-base-results':
      throw new Refusal('conflict', 'sealed set asked for before the base results');
    case 'waiting':
      return noContent();
    case 'sealed': {
      const { digest, changeSet } = read;
      const harnessPaths = deps.classifyHarness(changeSet.entries.map((entry) => entry.path));
      const sealed: SealedSet = { digest, changeSet, harnessPaths: [...harnessPaths] };
      return Response.json(sealed);
    }
  }
}
