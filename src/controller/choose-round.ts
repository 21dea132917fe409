/** After a verdict: is another round worth it, which round is published, or why none can be. Pure. */
import { chooseRound } from '../result/choose-round.ts';
import { wantsAnotherRound } from '../result/next-round.ts';
import type { Verdict } from '../result/verdict.ts';
import type { TaskRecord } from '../task/record.ts';
import { type PublishPlan, type Reason, ReasonCode } from '../task/task.ts';
import { currentRound, judgedRounds } from './current-round.ts';
import type { Ending } from './failure-outcome.ts';
import type { Observation } from './observation.ts';

/** True when the verdict asks for one (checks fail that do not on the base), and rounds and budget are left. */
export function wantsRound(record: TaskRecord, verdict: Verdict, budgetSpent: boolean): boolean {
  if (!wantsAnotherRound(verdict)) return false;
  if (budgetSpent) return false;
  const counted = record.rounds.filter((round) => !round.lost).length;
  return counted < (record.task.pin?.config.limits.rounds ?? 1);
}

/** What the ledger says of the round; how its work ended is the sandbox's own word and decides nothing by itself. */
type Money = Pick<Observation, 'budgetSpent' | 'modelFailed'>;

/** What is published, or how the task ends without. `budgetSpent` says why a wanted round was not begun. */
export function choosePublish(
  record: TaskRecord,
  money: Money,
): { plan: PublishPlan } | { end: Ending | BudgetEnd } {
  const best = chooseRound(judgedRounds(record));
  if (!best || best.verdict.blocked || best.verdict.empty) {
    return { end: endWithoutPublish(record, money) };
  }
  const verified = best.verdict.conclusion === 'success';
  const failing = best.verdict.conclusion === 'failure';
  const outcome = verified ? 'verified' : money.budgetSpent && failing ? 'budget-reached' : 'needs-human';
  return { plan: { round: best.number, outcome, reason: null } };
}

/** A spent budget with nothing to show. */
export interface BudgetEnd {
  readonly outcome: 'budget-reached';
  readonly reason: null;
}

function endWithoutPublish(record: TaskRecord, { budgetSpent, modelFailed }: Money): Ending | BudgetEnd {
  const blocked = judgedRounds(record).findLast((round) => round.verdict.blocked && !round.verdict.empty);
  if (blocked) return { outcome: 'needs-human', reason: blockedReason(blocked.verdict) };
  if (budgetSpent) return { outcome: 'budget-reached', reason: null };
  const round = currentRound(record);
  if (round?.workEnd === 'failed' && modelFailed) {
    return {
      outcome: 'errored',
      reason: { code: 'internal', values: { step: 'work' }, detail: round.narrative },
    };
  }
  return {
    outcome: 'needs-human',
    reason: { code: 'change-empty', values: {}, detail: round?.narrative ?? null },
  };
}

function blockedReason(verdict: Verdict): Reason {
  const result = verdict.gates.find((gate) => gate.effect === 'blocks');
  const finding = result?.findings.find((candidate) => candidate.effect === 'blocks');
  const code = ReasonCode.safeParse(finding?.code ?? verdict.reason);
  return {
    code: code.success ? code.data : 'gate-blocked',
    values: {
      ...verdict.values,
      ...(result ? { gate: result.gate } : {}),
      ...(finding ? { message: finding.saw, kind: finding.saw } : {}),
      ...(finding?.path ? { path: finding.path } : {}),
      ...(finding?.line ? { line: finding.line } : {}),
    },
    detail: null,
  };
}
