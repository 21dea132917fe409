/** Small questions about a record that several decisions ask: the current round, its jobs, what was judged last. */
import { changeSetDigest } from '../result/contract/change-set.ts';
import type { Digest } from '../shared/digest.ts';
import type { JobRecord, RoundRecord, TaskRecord } from '../task/record.ts';
import { emptyChangeSet } from '../task/store/change-set-blob.ts';

/** The task's current round, or null before its first. */
export function currentRound(record: TaskRecord): RoundRecord | null {
  return record.rounds.find((round) => round.number === record.task.round) ?? null;
}

/** The current round's jobs of one kind, in the order of their numbers. */
export function roundJobs(record: TaskRecord, kind: 'work' | 'verify'): readonly JobRecord[] {
  return record.jobs
    .filter(
      (job) => job.attempt === record.task.attempt && job.round === record.task.round && job.kind === kind,
    )
    .toSorted((a, b) => a.number - b.number);
}

/** Rounds of the attempt with a verdict, in order. */
export function judgedRounds(
  record: TaskRecord,
): readonly (RoundRecord & { verdict: NonNullable<RoundRecord['verdict']> })[] {
  return record.rounds.flatMap((round) => (round.verdict ? [{ ...round, verdict: round.verdict }] : []));
}

/** False for an empty change set and for the one judged last: neither needs new cells. */
export function isNews(record: TaskRecord, digest: Digest): boolean {
  const baseSha = record.task.pin?.baseSha;
  if (baseSha !== undefined && digest === changeSetDigest(emptyChangeSet(baseSha))) return false;
  return digest !== judgedRounds(record).at(-1)?.sealedDigest;
}
