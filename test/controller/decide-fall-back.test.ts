/** What is next where a round cannot be run or judged, and an earlier one was judged: nothing that was paid is thrown away. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/controller/decide.ts';
import type { Verdict } from '../../src/result/verdict.ts';
import type { JobRecord, TaskRecord } from '../../src/task/record.ts';
import type { Task } from '../../src/task/task.ts';
import {
  buildRecord,
  buildRound,
  CHANGE,
  endedJob,
  lostJob,
  NOW,
  OTHER,
  troubledJob,
} from '../builders/task-facts.ts';
import { buildVerdict } from '../builders/verdict.ts';
import { broken, CALM, failure, verify, work } from '../fixtures/decision-table.ts';

const work2: JobRecord = { ...work, round: 2 };
const verify2: JobRecord = { ...verify, round: 2, number: 3 };

/** The second round in one state, after a first one with this verdict. */
const second = (task: Partial<Task>, rest: Partial<TaskRecord>, verdict: Verdict = broken(1)): TaskRecord => {
  const sealed = task.state === 'working' ? {} : { sealedDigest: OTHER };
  const rounds = [
    buildRound({ sealedDigest: CHANGE, verdict }),
    buildRound({ number: 2, resumeDigest: CHANGE, followsRound: 1, ...sealed }),
  ];
  return { ...buildRecord({ task, rounds }), ...rest };
};

const WORKING = { state: 'working' } as const;
const VERIFYING = { state: 'verifying' } as const;

const ENDS: readonly (readonly [what: string, record: TaskRecord, code: string])[] = [
  [
    'whose setup fails',
    second(WORKING, { jobs: [{ ...work2, failure: failure('setup-failed') }] }),
    'setup-failed',
  ],
  [
    'whose setup is over its limit',
    second(WORKING, { jobs: [endedJob(work2, { setup: 'memory' })] }),
    'setup-failed',
  ],
  [
    'whose change set is refused',
    second(WORKING, { jobs: [{ ...work2, failure: failure('change-set-refused') }] }),
    'bundle-invalid',
  ],
  [
    'that is lost a fourth time',
    second(WORKING, { jobs: [lostJob(work2)], platformFailures: 3 }),
    'sandbox-lost',
  ],
  [
    'whose image cannot be pulled',
    second(WORKING, { jobs: [troubledJob(work2, 'image-not-pulled', 'waiting')] }),
    'image-not-pulled',
  ],
  ['whose launch keeps failing', second(WORKING, { failures: 8 }), 'internal'],
  [
    'whose verify job is lost a third time',
    second(VERIFYING, { jobs: [{ ...lostJob(verify2), closedAt: new Date(NOW - 900) }] }),
    'sandbox-lost',
  ],
];

describe('a second round', () => {
  it.each(ENDS)('%s leaves the first one to be published, with the reason', (_what, record, code) => {
    expect(decide(record, CALM, NOW)).toMatchObject({
      do: 'fall-back',
      plan: { round: 1, outcome: 'needs-human', reason: { code } },
    });
  });

  it('that cannot be judged leaves the first one to be published at once', () => {
    expect(decide(second({ state: 'judging' }, { failures: 8 }), CALM, NOW)).toMatchObject({
      do: 'plan-publish',
      plan: { round: 1, outcome: 'needs-human', reason: { code: 'internal' } },
    });
  });

  it.each([
    ['blocked', broken(1), { blocked: true }],
    ['empty', broken(1), { empty: true }],
  ])('ends the task where the first one is %s', (_what, verdict, change) => {
    const jobs = [{ ...work2, failure: failure('setup-failed') }];
    const record = second(WORKING, { jobs }, { ...verdict, ...change });
    expect(decide(record, CALM, NOW)).toMatchObject({ do: 'end', reason: { code: 'setup-failed' } });
  });

  it('that is aborted publishes nothing', () => {
    const task = { ...WORKING, abort: { login: 'octocat', at: '2026-01-02T14:09:59.000Z' } };
    expect(decide(second(task, {}), CALM, NOW)).toMatchObject({ do: 'end', outcome: 'aborted' });
  });
});

describe('judging with a plan in the record', () => {
  const plan = {
    round: 1,
    outcome: 'needs-human',
    reason: { code: 'setup-failed', values: {}, detail: null },
  } as const;
  const judging = second({ state: 'judging', publishPlan: plan }, {});

  it('waits for the calls of the round, then keeps to the plan and judges nothing more', () => {
    expect(decide(judging, { ...CALM, openReservations: 1 }, NOW)).toMatchObject({ do: 'wait' });
    expect(decide(judging, CALM, NOW)).toEqual({ do: 'plan-publish', plan });
  });

  it('begins no further round', () => {
    const record = buildRecord({
      task: { state: 'judging', publishPlan: plan },
      rounds: [buildRound({ sealedDigest: CHANGE, verdict: broken(1) })],
    });
    expect(decide(record, CALM, NOW)).toEqual({ do: 'plan-publish', plan });
  });
});

it('the best of several judged rounds is the one', () => {
  const rounds = [
    buildRound({ sealedDigest: CHANGE, verdict: broken(1) }),
    buildRound({ number: 2, sealedDigest: OTHER, verdict: broken(3) }),
    buildRound({ number: 3, resumeDigest: OTHER, followsRound: 2 }),
  ];
  const jobs = [{ ...work, round: 3, failure: failure('setup-failed') }];
  expect(decide(buildRecord({ rounds, jobs }), CALM, NOW)).toMatchObject({
    do: 'fall-back',
    plan: { round: 1 },
  });
});

it('a green verdict whose plan cannot be written down is not turned into a draft', () => {
  const rounds = [buildRound({ sealedDigest: CHANGE, verdict: buildVerdict() })];
  const record = buildRecord({ task: { state: 'judging' }, rounds, failures: 8 });
  expect(decide(record, CALM, NOW)).toMatchObject({ do: 'end', outcome: 'errored' });
});
