/** `GET /sandbox/spec`: binds the job to the first pod that asks, enters the phase, and tells it what to do. */
import { z } from 'zod';
import { SandboxLimits } from '../../result/contract/phase-spec.ts';
import { Digest } from '../../shared/digest.ts';
import type { Db } from '../../task/open-database.ts';
import { bindJob } from '../../task/store/bind-job.ts';
import { getChangeSet } from '../../task/store/change-set-blob.ts';
import { type PhaseStanding, readPhase } from '../../task/store/check-phase.ts';
import { loadTask } from '../../task/store/load-task.ts';
import type { Caller } from '../identity.ts';
import { Refusal } from '../refusal.ts';
import type { Call, SandboxDeps } from './call.ts';
import { buildPhaseSpec, type SpecFacts } from './phase-spec.ts';

const NONCE_BYTES = 16;
/** Of the job's spec only this is told; it is our own record, other fields are the adapter's. */
const StoredJobSpec = z.object({ limits: SandboxLimits });

/** Answers with the caller's PhaseSpec. Errors: `Refusal` `phase-closed`, also for a second pod of the job. */
export async function handleSpec(deps: SandboxDeps, { caller }: Call): Promise<Response> {
  const standing = await deps.db.transaction().execute((trx) => takeSpec(trx, caller));
  if (!standing.open) throw new Refusal('phase-closed', standing.reason);
  const spec = buildPhaseSpec(caller.phase, await readFacts(deps, caller));
  if (!spec) throw new Refusal('phase-closed', 'phase-not-of-job');
  return Response.json(spec);
}

async function takeSpec(trx: Db, caller: Caller): Promise<PhaseStanding> {
  const standing = await readPhase(trx, caller);
  if (standing.open || standing.reason !== 'pod-unbound' || caller.podUid === null) return standing;
  await bindJob(trx, caller.jobName, caller.podUid);
  return readPhase(trx, caller);
}

async function readFacts(deps: SandboxDeps, caller: Caller): Promise<SpecFacts> {
  const { db } = deps;
  const task = await loadTask(db, caller.taskId);
  if (!task.pin || !task.snapshot) throw new Error(`Task '${task.id}' runs without a pin or a snapshot.`);
  const later = caller.phase === 'work' ? await readEarlierRounds(deps, caller) : null;
  return {
    taskId: task.id,
    job: caller.jobName,
    limits: await readLimits(db, caller.jobName),
    issueNumber: task.issueNumber,
    snapshot: task.snapshot,
    pin: task.pin,
    round: caller.round,
    resume: later?.resume ?? null,
    failingOutput: later?.failingOutput ?? [],
    nonce: Buffer.from(deps.random(NONCE_BYTES)).toString('hex'),
  };
}

async function readLimits(db: Db, jobName: string): Promise<SandboxLimits> {
  const row = await db.selectFrom('job').select('spec').where('name', '=', jobName).executeTakeFirstOrThrow();
  return StoredJobSpec.parse(row.spec).limits;
}

/** What a round that goes on starts from: the change set it resumes, the conversation, and what failed before. */
async function readEarlierRounds(
  deps: SandboxDeps,
  { taskId, attempt, round }: Caller,
): Promise<Pick<SpecFacts, 'resume' | 'failingOutput'>> {
  const row = await deps.db
    .selectFrom('round')
    .select(['resume_digest', 'follows_round'])
    .where('task_id', '=', taskId)
    .where('attempt', '=', attempt)
    .where('number', '=', round)
    .executeTakeFirstOrThrow();
  const { resume_digest: resumed, follows_round: followed } = row;
  const failingOutput =
    followed === null ? [] : await deps.readFailingOutput(deps.db, { taskId, attempt, round: followed });
  if (round === 1) return { resume: null, failingOutput };
  const changeSet = resumed === null ? null : await getChangeSet(deps.db, Digest.parse(resumed));
  const messages = await deps.readConversation(deps.db, { taskId, attempt });
  return { resume: { changeSet, messages }, failingOutput };
}
