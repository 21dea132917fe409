/** The last object of `--json`: numbers as they are recorded, money in nano-dollars, times in milliseconds. */
import type { Counts } from '../src/result/verdict.ts';
import type { Ending } from './report.ts';
import type { Stage } from './stage.ts';

/** Builds it. */
export function resultObject(ending: Ending, stages: readonly Stage[]): Readonly<Record<string, unknown>> {
  const { task, verdict, cost } = ending;
  const proofs = verdict?.proofs ?? [];
  return {
    task: task.id,
    outcome: task.outcome,
    reason: task.reason?.code ?? null,
    pull: task.pullNumber,
    commit: task.commitSha,
    verified: task.commitSha !== null && task.reason?.code !== 'commit-unverified',
    conclusion: ending.checkRun?.conclusion ?? null,
    tests: { before: counts(verdict?.totals.base), after: counts(verdict?.totals.head) },
    proof: { new: proofs.length, failOnBase: proofs.filter((note) => note.proof).length },
    costNanoUsd: Number(cost.spentNanoUsd),
    ms: Object.fromEntries(
      stages.map((stage) => [stage.stage, stage.ms === null ? null : Math.round(stage.ms)]),
    ),
    githubCalls: ending.githubCalls,
  };
}

function counts(given: Counts | null | undefined): { passed: number; failed: number } | null {
  return given ? { passed: given.passed, failed: given.failed } : null;
}
