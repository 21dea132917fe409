/** Facts of a green verdict on its way to GitHub, with the numbers of the documentation's example. */
import type { TaskCost } from '../../src/ledger/task-cost.ts';
import type { PublishFacts } from '../../src/pull-request/publish-facts.ts';
import { digestOf } from '../../src/shared/digest.ts';
import { buildChangeSet, putEntry } from './change-set.ts';
import { buildTask } from './task-record.ts';
import { buildVerdict } from './verdict.ts';

/** The example's bill: 14 calls, 249,900 tokens, 0.309900 US dollars. */
export const COST: TaskCost = {
  calls: 14,
  models: ['claude-sonnet-4-6'],
  input: { tokens: 2_100, nanoUsd: 6_300_000n },
  cacheWrite5m: { tokens: 26_400, nanoUsd: 99_000_000n },
  cacheWrite1h: { tokens: 0, nanoUsd: 0n },
  cacheRead: { tokens: 212_000, nanoUsd: 63_600_000n },
  output: { tokens: 9_400, nanoUsd: 141_000_000n },
  spentNanoUsd: 309_900_000n,
  reservedNanoUsd: 0n,
  withoutCacheNanoUsd: 862_500_000n,
  boundedRows: 0,
  byRound: { 1: 309_900_000n },
  repositoryToday: { spentNanoUsd: 4_100_000_000n, capNanoUsd: 20_000_000_000n },
};

/** Overrides are merged at the top level. */
export function buildPublishFacts(overrides: Partial<PublishFacts> = {}): PublishFacts {
  const record = overrides.task ?? buildTask();
  if (!record.snapshot || !record.pin || !record.snapshotDigest) throw new Error('facts need a pinned task');
  return {
    task: record,
    requester: record.requester,
    snapshot: record.snapshot,
    snapshotDigest: record.snapshotDigest,
    pin: record.pin,
    plan: { round: 1, outcome: 'verified', reason: null },
    round: 1,
    rounds: 1,
    verdict: buildVerdict(),
    narrative: 'The pattern stopped at the first unit. It now reads every unit; a test covers "1h30m".',
    cost: COST,
    budgetNanoUsd: 2_000_000_000n,
    phases: [
      { phase: 'fetch', ms: 2_000 },
      { phase: 'work', ms: 221_000 },
    ],
    totalMs: 256_000,
    network: 'nothing but our gateway',
    notLimited: [],
    changeSet: buildChangeSet(putEntry('src/parse-duration.js'), putEntry('test/parse.test.js')),
    reported: null,
    changeSetDigest: digestOf('change set'),
    transcriptDigest: digestOf('transcript'),
    auditHead: digestOf('audit'),
    ...overrides,
  };
}
