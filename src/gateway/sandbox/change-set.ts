/** `PUT /sandbox/change-set`: takes what the agent changed so far. The last one wins until the round is sealed. */
import { CHANGE_SET_BOUNDS, ChangeSet } from '../../result/contract/change-set.ts';
import type { UploadAnswer } from '../../result/contract/gateway-api.ts';
import { putChangeSet } from '../../task/store/change-set-blob.ts';
import { loadTask } from '../../task/store/load-task.ts';
import { recordUpload } from '../../task/store/record-upload.ts';
import { readJsonBody } from '../read-body.ts';
import { Refusal } from '../refusal.ts';
import { type Call, requireOpenPhase, type SandboxDeps, withOpenPhase } from './call.ts';
import { brokenWireRule } from './wire-rules.ts';

/** The contents in base64, and room for every entry's longest path in JSON. */
const MAX_BYTES =
  Math.ceil((CHANGE_SET_BOUNDS.maxTotalBytes * 4) / 3) +
  CHANGE_SET_BOUNDS.maxEntries * (CHANGE_SET_BOUNDS.maxPathBytes + 200);

/** Answers with the digest that we computed. Errors: `Refusal` `phase-closed`, `invalid`, `too-large`. */
export async function handleChangeSet(
  deps: SandboxDeps,
  { caller, request, onBytes }: Call,
): Promise<Response> {
  await requireOpenPhase(deps, caller);
  const changeSet = await readJsonBody(request, { schema: ChangeSet, maxBytes: MAX_BYTES, onBytes });
  const task = await loadTask(deps.db, caller.taskId);
  const broken = brokenWireRule(changeSet, task.pin?.baseSha ?? '');
  if (broken) throw new Refusal('invalid', `change set: ${broken}`);
  const digest = await withOpenPhase(deps, caller, async (trx, job) => {
    const stored = await putChangeSet(trx, changeSet);
    await recordUpload(trx, { ...job, jobName: job.name, digest: stored });
    return stored;
  });
  const answer: UploadAnswer = { digest };
  return Response.json(answer);
}
