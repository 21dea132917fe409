/** Every state with every end of every job: a decision always comes, and is always one that the state table has. */
import { describe, expect, it } from 'vitest';
import type { ActionName } from '../../src/controller/action.ts';
import { decide } from '../../src/controller/decide.ts';
import type { JobRecord, RoundRecord, TaskRecord } from '../../src/task/record.ts';
import { maySwitch } from '../../src/task/state-table.ts';
import { TaskState } from '../../src/task/task.ts';
import {
  buildJob,
  buildRecord,
  buildRound,
  CHANGE,
  closedJob,
  EMPTY,
  endedJob,
  lostJob,
  NOW,
  seenJob,
} from '../builders/task-facts.ts';
import { buildVerdict } from '../builders/verdict.ts';

/** The state that an action leads to; null: none. */
const LEADS_TO: Readonly<Record<ActionName, TaskState | null>> = {
  pin: 'queued',
  start: 'working',
  launch: null,
  seal: null,
  'enter-verifying': 'verifying',
  'skip-verify': 'judging',
  'restart-round': 'working',
  'tell-verify-ended': null,
  'close-job': null,
  'enter-judging': 'judging',
  judge: null,
  'next-round': 'working',
  'plan-publish': 'publishing',
  publish: 'ended',
  'revoke-token': null,
  'remove-job': null,
  end: 'ended',
  wait: null,
  rest: null,
};

const REASONS = [
  'completed',
  'error',
  'memory',
  'time',
  'output',
  'disk',
  'processes',
  'deadline',
  'stopped',
  'start-failed',
] as const;
const CODES = [
  'fence-not-in-force',
  'credential-found',
  'fetch-failed',
  'tree-unsupported',
  'setup-failed',
  'change-set-refused',
  'limit',
  'internal',
] as const;

function variants(kind: 'work' | 'verify'): (JobRecord | null)[] {
  const job = buildJob({ kind });
  const phase = kind === 'work' ? 'work' : 'verify';
  const deliver = kind === 'work' ? {} : { deliver: null };
  return [
    null,
    { ...job, launchedAt: null },
    job,
    lostJob(job),
    closedJob(job),
    closedJob(lostJob(job)),
    { ...job, gitToken: true },
    { ...closedJob(lostJob(job)), removedAt: new Date(NOW) },
    ...REASONS.flatMap((reason) => [
      { ...job, seen: seenJob({ [phase]: reason, ...deliver }, 'running') },
      endedJob(job, { fetch: reason }),
      endedJob(job, { fetch: 'completed', setup: reason }),
      endedJob(job, { fetch: 'completed', [phase]: reason }),
    ]),
    ...CODES.map((code) => ({ ...job, failure: { code, message: 'as reported', outputTail: null } })),
  ];
}

const rounds: readonly (readonly RoundRecord[])[] = [
  [buildRound()],
  [buildRound({ lastUploadDigest: CHANGE })],
  [buildRound({ lastUploadDigest: CHANGE, sealedDigest: CHANGE })],
  [buildRound({ sealedDigest: EMPTY })],
  [buildRound({ sealedDigest: CHANGE, verdict: buildVerdict() })],
  [
    buildRound({
      sealedDigest: CHANGE,
      verdict: buildVerdict({ conclusion: 'failure', reason: 'checks-failed' }),
    }),
  ],
];

const ASKED = { login: 'octocat', at: '2026-01-02T14:09:59.000Z' };
const jobPairs = variants('work').flatMap((work) =>
  variants('verify').map((verify) => [work, verify].filter((job) => job !== null)),
);

function* records(state: TaskState): Generator<TaskRecord> {
  const end = state === 'ended' ? { outcome: 'verified' as const, endedAt: new Date(NOW) } : {};
  for (const abort of [null, ASKED])
    for (const some of rounds)
      for (const jobs of jobPairs) yield buildRecord({ task: { state, abort, ...end }, rounds: some, jobs });
}

describe.each(TaskState.options)('in state %s', (state) => {
  it('every record has a decision, and it is a step of the state table', () => {
    const wrong: string[] = [];
    let count = 0;
    for (const record of records(state)) {
      const action = decide(record, { openReservations: 0, budgetSpent: false, sandboxRoom: true }, NOW);
      const to = LEADS_TO[action.do];
      if (to !== null && !maySwitch(state, to, 'controller')) wrong.push(`${action.do} in ${state}`);
      if (record.task.abort && ['launch', 'seal', 'judge', 'plan-publish'].includes(action.do)) {
        wrong.push(`${action.do} after an abort`);
      }
      count += 1;
    }
    expect(wrong).toEqual([]);
    expect(count).toBeGreaterThan(10_000);
  });
});
