/** Everything that the published texts are built from: fields of our records, gathered once per publish. */
import type { TaskCost } from '../ledger/task-cost.ts';
import type { ChangeSet } from '../result/contract/change-set.ts';
import type { PhaseFacts } from '../result/contract/gateway-api.ts';
import type { Verdict } from '../result/verdict.ts';
import type { NanoUsd } from '../shared/money.ts';
import type { Pin, PublishPlan, Requester, Snapshot, Task } from '../task/task.ts';

/** Facts of one verdict on its way to GitHub. Times in milliseconds; null is "not measured". */
export interface PublishFacts {
  readonly task: Task;
  readonly requester: Requester;
  readonly snapshot: Snapshot;
  readonly snapshotDigest: string;
  readonly pin: Pin;
  /** What judging decided: the round, the outcome and its reason. */
  readonly plan: PublishPlan;
  /** The round whose change set is published, and how many were run. */
  readonly round: number;
  readonly rounds: number;
  readonly verdict: Verdict;
  readonly narrative: string | null;
  readonly cost: TaskCost;
  readonly budgetNanoUsd: NanoUsd;
  readonly phases: readonly { readonly phase: string; readonly ms: number | null }[];
  readonly totalMs: number;
  /** What the sandbox enforced: `nothing but our gateway` or `not fenced (isolation: none)`. */
  readonly network: string;
  readonly notLimited: readonly string[];
  /** What is committed, with what its sandbox left out of it; bytes are those of the digest. */
  readonly changeSet: ChangeSet;
  /** The work job's own words about its surroundings; null where it said nothing. */
  readonly reported: PhaseFacts | null;
  readonly changeSetDigest: string;
  readonly transcriptDigest: string | null;
  readonly auditHead: string;
}
