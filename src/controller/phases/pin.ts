/** accepted -> queued: base commit and configuration are pinned, or the task ends with the refusal. */
import { appendAudit } from '../../audit/append.ts';
import { jobSpec } from '../../job/job-spec.ts';
import { canonicalJson, digestOf } from '../../shared/digest.ts';
import { transition } from '../../task/store/transition.ts';
import type { Pin } from '../../task/task.ts';
import type { Progress, Step, StepDeps } from '../controller-deps.ts';
import { endTask } from './end.ts';

/** Asks the pinner once; what it says is kept for the attempt. */
export async function pinTask(deps: StepDeps, step: Step): Promise<Progress> {
  const { task } = step.record;
  if (task.state !== 'accepted') return 'go-on';
  await step.lease.check();
  const answer = await deps.pinner.pin(task);
  if ('refused' in answer) return endTask(deps, step, { outcome: answer.outcome, reason: answer.refused });
  await keepPin(deps, step, answer.pin);
  return 'go-on';
}

function keepPin(deps: StepDeps, step: Step, pin: Pin): Promise<void> {
  const { task } = step.record;
  const namespace = jobSpec({ task, pin, kind: 'work', number: 1, workLeftMs: 0 }).pod?.namespace ?? null;
  return deps.db.transaction().execute(async (trx) => {
    await transition(trx, step.record.task, {
      to: 'queued',
      by: 'controller',
      set: { pin: JSON.stringify(pin), namespace },
    });
    const data = { baseSha: pin.baseSha, config: digestOf(canonicalJson(pin.config)) };
    await appendAudit(trx, step.record.task.id, { type: 'task.pinned', data });
  });
}
