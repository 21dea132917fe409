/** Has the round's bundle judged and keeps the verdict. Judging reads; two of them give the same verdict, the first stays. */
import { appendCalls } from '../../ledger/audit-calls.ts';
import { lockSeen } from '../../task/store/lock-seen.ts';
import { saveVerdict } from '../../task/store/save-verdict.ts';
import type { Progress, Step, StepDeps } from '../controller-deps.ts';
import { currentRound } from '../current-round.ts';

/** One call of the judge, then one write. */
export async function judgeRound(deps: StepDeps, step: Step): Promise<Progress> {
  const { task } = step.record;
  if (currentRound(step.record)?.verdict) return 'go-on';
  await step.lease.check();
  const judgement = await deps.judge.judge(task);
  await deps.db.transaction().execute(async (trx) => {
    await lockSeen(trx, task);
    // all of them have ended by now, and the head as of the verdict must cover them
    await appendCalls(trx, task.id);
    await saveVerdict(trx, { taskId: task.id, attempt: task.attempt, number: task.round }, judgement);
  });
  return 'go-on';
}
