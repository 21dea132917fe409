/** Every state with every end of every job: a decision always comes, and is always one that the state table has. */
import { describe, expect, it } from 'vitest';
import type { Action, ActionName } from '../../src/controller/action.ts';
import { decide } from '../../src/controller/decide.ts';
import { TROUBLES } from '../../src/job/sandbox.ts';
import type { JobRecord, RoundRecord, TaskRecord } from '../../src/task/record.ts';
import { isAbortable, maySwitch } from '../../src/task/state-table.ts';
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
  OTHER,
  seenJob,
  troubledJob,
} from '../builders/task-facts.ts';
import { buildVerdict } from '../builders/verdict.ts';

/** The state that an action leads to; null: none. */
const LEADS_TO: Readonly<Record<ActionName, TaskState | null>> = {
  pin: 'queued',
  start: 'working',
  launch: null,
  'ask-place': null,
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
  'fall-back': 'judging',
  publish: 'ended',
  'revoke-token': null,
  'stop-job': null,
  'remove-job': null,
  end: 'ended',
  wait: null,
  rest: null,
};

const AFTER_AN_ABORT: ReadonlySet<ActionName> = new Set([
  'launch',
  'ask-place',
  'seal',
  'judge',
  'plan-publish',
  'fall-back',
]);
const PLATFORM: ReadonlySet<string> = new Set([
  'sandbox-lost',
  'sandbox-refused',
  'image-not-pulled',
  'no-room',
]);

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
    { ...closedJob(job, 5_000), stopAskedAt: new Date(NOW) },
    ...TROUBLES.flatMap((trouble) => [
      troubledJob(job, trouble, 'waiting'),
      troubledJob({ ...job, launchedAt: new Date(NOW - 2 * 3_600_000) }, trouble, 'waiting'),
      troubledJob(job, trouble, 'ended'),
    ]),
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

/** After a judged first round; the same jobs belong to the second. */
const secondRounds: readonly (readonly RoundRecord[])[] = [
  { sealedDigest: null },
  { sealedDigest: OTHER },
  { lastUploadDigest: OTHER },
].map((round) => [
  buildRound({
    sealedDigest: CHANGE,
    verdict: buildVerdict({ conclusion: 'failure', reason: 'checks-failed', brokenCount: 1 }),
  }),
  buildRound({ number: 2, resumeDigest: CHANGE, followsRound: 1, ...round }),
]);

function* records(state: TaskState): Generator<TaskRecord> {
  const end = state === 'ended' ? { outcome: 'verified' as const, endedAt: new Date(NOW) } : {};
  const aborts = [null, ASKED];
  for (const [jobs, waiting] of jobPairs.flatMap((pair) => linesOf(pair)))
    for (const some of rounds)
      for (const abort of aborts)
        yield buildRecord({ task: { state, abort, ...end }, rounds: some, jobs, waiting });
}

function* laterRecords(state: TaskState): Generator<TaskRecord> {
  for (const pair of jobPairs)
    for (const lost of [0, 3])
      for (const some of secondRounds) {
        const jobs = pair.map((job) => ({ ...job, round: 2, number: lost === 3 ? 3 : 1 }));
        yield buildRecord({ task: { state }, rounds: some, jobs, platformFailures: lost });
      }
}

/** Who has both jobs waits for nothing; who lacks one may stand in line. */
function linesOf(jobs: JobRecord[]): (readonly [JobRecord[], TaskRecord['waiting']])[] {
  const lines = jobs.length === 2 ? [null] : [null, { rank: 0 }, { rank: 1 }];
  return lines.map((waiting) => [jobs, waiting]);
}

/** What no decision may ever be, whatever the record says. */
function wrongWith(record: TaskRecord, room: boolean, action: Action): readonly string[] {
  const { state, abort } = record.task;
  const to = LEADS_TO[action.do];
  const aborting = abort !== null && isAbortable(state);
  const wrong = [
    to !== null && !maySwitch(state, to, 'controller') && `${action.do} in ${state}`,
    aborting && AFTER_AN_ABORT.has(action.do) && `${action.do} after an abort`,
    action.do === 'launch' && isNew(record, action) && !room && 'a new job without a place',
    action.do === 'ask-place' && room && 'in line while a place is free',
    tidiedTooEarly(record, action),
    blamesTheWork(action),
  ];
  return wrong.filter((one) => one !== false);
}

function tidiedTooEarly(record: TaskRecord, action: Action): string | false {
  if (action.do !== 'stop-job' && action.do !== 'remove-job') return false;
  const job = record.jobs.find(({ name }) => name === action.job);
  if (!job?.closedAt) return `${action.do} of a job that is open in the record`;
  return action.do === 'remove-job' && !job.endedAt && 'removed while it runs';
}

function blamesTheWork(action: Action): string | false {
  if (action.do !== 'end' || action.outcome === 'errored') return false;
  return PLATFORM.has(action.reason?.code ?? '') && `a fault of the platform as ${action.outcome}`;
}

function isNew(record: TaskRecord, { kind, number }: Extract<Action, { do: 'launch' }>): boolean {
  return !record.jobs.some((job) => job.kind === kind && job.number === number);
}

describe.each(TaskState.options)('in state %s', (state) => {
  it('every record has a decision, and it is a step of the state table', () => {
    const wrong: string[] = [];
    let count = 0;
    for (const record of records(state)) {
      for (const room of [true, false]) {
        const action = decide(
          record,
          { openReservations: 0, budgetSpent: false, modelFailed: false, room },
          NOW,
        );
        wrong.push(...wrongWith(record, room, action));
        count += 1;
      }
    }
    expect(wrong).toEqual([]);
    expect(count).toBeGreaterThan(10_000);
  });
});

describe.each(['working', 'verifying', 'judging'] as const)('in state %s of a second round', (state) => {
  it('no end throws away what an earlier round was judged by', () => {
    const wrong: string[] = [];
    let count = 0;
    for (const record of laterRecords(state)) {
      const action = decide(
        record,
        { openReservations: 0, budgetSpent: false, modelFailed: false, room: true },
        NOW,
      );
      wrong.push(...wrongWith(record, true, action));
      if (action.do === 'end') wrong.push(JSON.stringify(action));
      count += 1;
    }
    expect(wrong).toEqual([]);
    expect(count).toBeGreaterThan(10_000);
  });
});
