/** `POST /sandbox/heartbeat`: keeps what a phase reports, and answers with what the record wants of it. */
import { Heartbeat, type HeartbeatAnswer } from '../../result/contract/gateway-api.ts';
import { type PhaseStanding, readPhase } from '../../task/store/check-phase.ts';
import { recordHeartbeat } from '../../task/store/record-heartbeat.ts';
import { readJsonBody } from '../read-body.ts';
import { Refusal } from '../refusal.ts';
import type { Call, SandboxDeps } from './call.ts';

const MAX_BYTES = 128 * 1024;

/** Answers `stop` while an abort is on its way. Errors: `Refusal` `phase-closed`, `invalid`, `too-large`. */
export async function handleHeartbeat(
  deps: SandboxDeps,
  { caller, request, onBytes }: Call,
): Promise<Response> {
  const heartbeat = await readJsonBody(request, { schema: Heartbeat, maxBytes: MAX_BYTES, onBytes });
  if (heartbeat.phase !== caller.phase) throw new Refusal('invalid', 'heartbeat of another phase');
  const answer = await deps.db.transaction().execute(async (trx): Promise<HeartbeatAnswer> => {
    const job = listened(await readPhase(trx, caller));
    await recordHeartbeat(trx, job, heartbeat);
    return { stop: job.stop, verifyEnded: job.verifyEnded };
  });
  return Response.json(answer);
}

/** A job whose task is being aborted is still listened to: it learns from the answer that it is to stop. */
function listened(standing: PhaseStanding) {
  if (standing.open) return { ...standing.job, stop: false };
  if (standing.reason === 'task-aborting' && standing.job) return { ...standing.job, stop: true };
  throw new Refusal('phase-closed', standing.reason);
}
