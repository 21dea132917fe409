/** Gathers what the published texts are built from: one read of the record per publish. */
import { z } from 'zod';
import type { TaskCost } from '../ledger/task-cost.ts';
import { PhaseFacts } from '../result/contract/gateway-api.ts';
import { Verdict } from '../result/verdict.ts';
import { GloveboxError } from '../shared/errors.ts';
import type { Db } from '../task/open-database.ts';
import { getChangeSet } from '../task/store/change-set-blob.ts';
import { loadRounds } from '../task/store/load-rounds.ts';
import type { Round, Task } from '../task/task.ts';
import { observed, phaseRows } from './phase-times.ts';
import type { PublishFacts } from './publish-facts.ts';

export interface FactReaders {
  readonly db: Db;
  readonly readCost: (task: Task) => Promise<TaskCost>;
  /** Digest of the task's recorded conversation, or null where no call was made. */
  readonly transcriptDigest: (task: Task) => Promise<string | null>;
  /** Replaces what is a secret; foreign text passes it before it is escaped, since escaping could break one apart. */
  readonly redact: (text: string) => string;
}

/** Facts and the sealed change set of the round that the plan names. Error `record-incomplete` when a part is missing. */
export async function readFacts(readers: FactReaders, task: Task, nowMs: number): Promise<PublishFacts> {
  const { db } = readers;
  const { pin, snapshot, snapshotDigest, publishPlan: plan } = task;
  const rounds = await loadRounds(db, task.id, task.attempt);
  const round = rounds.find((entry) => entry.number === plan?.round);
  if (!pin || !snapshot || !snapshotDigest || !plan || !round?.sealedDigest) throw incomplete(task);
  const jobs = await readJobs(db, task, round);
  const seen = jobs.map(observed).filter((entry) => entry !== null);
  return {
    task,
    requester: task.requester,
    snapshot,
    snapshotDigest,
    pin,
    plan,
    round: round.number,
    rounds: rounds.filter((entry) => !entry.lost).length,
    verdict: await readVerdict(db, round),
    narrative: round.narrative === null ? null : readers.redact(round.narrative),
    cost: await readers.readCost(task),
    budgetNanoUsd: BigInt(pin.config.taskBudgetNanoUsd),
    phases: phaseRows(jobs, nowMs).map(({ phase, ms }) => ({ phase, ms })),
    totalMs: nowMs - task.createdAt.getTime(),
    network: seen[0]?.network ?? 'not measured',
    notLimited: [...new Set(seen.flatMap((entry) => entry.notLimited))],
    changeSet: await getChangeSet(db, round.sealedDigest),
    reported: readReported(jobs),
    changeSetDigest: round.sealedDigest,
    transcriptDigest: await readers.transcriptDigest(task),
    auditHead: await readAuditHead(db, task.id),
  };
}

/** The jobs of one round, oldest first. */
export async function readJobs(db: Db, task: Pick<Task, 'id' | 'attempt'>, round: Pick<Round, 'number'>) {
  return db
    .selectFrom('job')
    .select(['kind', 'observation', 'base_results', 'reported'])
    .where('task_id', '=', task.id)
    .where('attempt', '=', task.attempt)
    .where('round', '=', round.number)
    .orderBy('created_at')
    .execute();
}

const Reported = z.object({ facts: PhaseFacts.nullable() });

function readReported(jobs: readonly { kind: string; reported: unknown }[]): PhaseFacts | null {
  const parsed = Reported.safeParse(jobs.findLast((job) => job.kind === 'work')?.reported);
  return parsed.success ? parsed.data.facts : null;
}

async function readVerdict(db: Db, round: Round): Promise<Verdict> {
  const row = await db
    .selectFrom('round')
    .select('verdict')
    .where('task_id', '=', round.taskId)
    .where('attempt', '=', round.attempt)
    .where('number', '=', round.number)
    .executeTakeFirstOrThrow();
  return Verdict.parse(row.verdict);
}

async function readAuditHead(db: Db, taskId: string): Promise<string> {
  const row = await db
    .selectFrom('audit_event')
    .select('hash')
    .where('task_id', '=', taskId)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row)
    throw new GloveboxError({ code: 'record-incomplete', message: `Task ${taskId} has no audit event.` });
  return row.hash;
}

function incomplete(task: Task): GloveboxError {
  return new GloveboxError({
    code: 'record-incomplete',
    message: `Task ${task.id} is to be published, but its record lacks the pin, the snapshot, the plan or the sealed change set.`,
  });
}
