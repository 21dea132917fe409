/** Judges a task's current round from the record: loads what the pure judge needs, the base's files included. */
import { GloveboxError } from '../shared/errors.ts';
import type { Db } from '../task/open-database.ts';
import { getChangeSet } from '../task/store/change-set-blob.ts';
import { loadRound } from '../task/store/load-rounds.ts';
import type { Task } from '../task/task.ts';
import { type BaseTree, readBaseFiles } from './base-files.ts';
import { type Judgement, judge } from './judge.ts';

export interface JudgeTaskDeps {
  readonly db: Db;
  /** The base commit's tree of the task's pin. */
  readonly baseTreeOf: (task: Task) => Promise<BaseTree>;
}

/** The verdict of the current round. Errors: `record-incomplete`, `blob-missing`, `blob-spoilt`, the base tree's. */
export async function judgeTask(deps: JudgeTaskDeps, task: Task): Promise<Judgement> {
  const key = { taskId: task.id, attempt: task.attempt, round: task.round };
  const round = await loadRound(deps.db, key);
  if (!task.pin || !round?.sealedDigest) {
    throw new GloveboxError({
      code: 'record-incomplete',
      message: `Round ${task.round} of task ${task.id} is to be judged, but its pin or its sealed change set is missing.`,
    });
  }
  const changeSet = await getChangeSet(deps.db, round.sealedDigest);
  return judge({
    config: task.pin.config,
    changeSet,
    sealedDigest: round.sealedDigest,
    baseFiles: await readBaseFiles(await deps.baseTreeOf(task), changeSet),
    baseCells: round.baseCells ?? [],
    newCells: round.newCells ?? [],
    issuedTokenHashes: await tokenHashes(deps.db, task.id),
  });
}

async function tokenHashes(db: Db, taskId: string): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom('phase_token')
    .innerJoin('job', 'job.name', 'phase_token.job_name')
    .select('phase_token.hash')
    .where('job.task_id', '=', taskId)
    .execute();
  return new Set(rows.map((row) => row.hash));
}
