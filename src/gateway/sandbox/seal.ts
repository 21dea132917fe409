/** `POST /sandbox/seal`: fixes the last uploaded change set as the round's own, and closes the work job. */
import { Seal, type UploadAnswer } from '../../result/contract/gateway-api.ts';
import type { Db } from '../../task/open-database.ts';
import type { LockedJob } from '../../task/store/check-phase.ts';
import { sealRound } from '../../task/store/seal-round.ts';
import { readJsonBody } from '../read-body.ts';
import { Refusal } from '../refusal.ts';
import { type Call, requireOpenPhase, type SandboxDeps, withOpenPhase } from './call.ts';

const MAX_BYTES = 256 * 1024;

/** The digest must be the last upload's. Errors: `Refusal` `phase-closed`, `conflict`, `invalid`, `too-large`. */
export async function handleSeal(deps: SandboxDeps, { caller, request, onBytes }: Call): Promise<Response> {
  await requireOpenPhase(deps, caller);
  const seal = await readJsonBody(request, { schema: Seal, maxBytes: MAX_BYTES, onBytes });
  await withOpenPhase(deps, caller, async (trx, job) => {
    if ((await lastUpload(trx, job)) !== seal.digest) throw new Refusal('conflict', 'seal of another digest');
    const { won } = await sealRound(trx, {
      ...job,
      digest: seal.digest,
      by: 'work',
      narrative: seal.narrative,
      workEnd: seal.end,
    });
    if (!won) throw new Refusal('conflict', 'sealed before');
  });
  const answer: UploadAnswer = { digest: seal.digest };
  return Response.json(answer);
}

async function lastUpload(trx: Db, job: LockedJob): Promise<string | null> {
  const round = await trx
    .selectFrom('round')
    .select('last_upload_digest')
    .where('task_id', '=', job.taskId)
    .where('attempt', '=', job.attempt)
    .where('number', '=', job.round)
    .executeTakeFirstOrThrow();
  return round.last_upload_digest;
}
