import { describe, expect, it } from 'vitest';
import type { Action } from '../../src/controller/action.ts';
import { decide } from '../../src/controller/decide.ts';
import type { Observation } from '../../src/controller/observation.ts';
import type { JobRecord, TaskRecord } from '../../src/task/record.ts';
import { isAbortable } from '../../src/task/state-table.ts';
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
} from '../builders/task-facts.ts';
import { buildVerdict } from '../builders/verdict.ts';

const CALM: Observation = { openReservations: 0, budgetSpent: false, room: true };
const work = buildJob({ kind: 'work' });
const verify = buildJob({ kind: 'verify' });
const failure = (code: NonNullable<JobRecord['failure']>['code']): NonNullable<JobRecord['failure']> => ({
  code,
  message: 'npm ci exited 1',
  outputTail: 'E404',
});
const broken = (count: number) =>
  buildVerdict({ conclusion: 'failure', reason: 'checks-failed', brokenCount: count });

type Row = readonly [
  what: string,
  record: TaskRecord,
  action: Partial<Action>,
  observation?: Partial<Observation>,
];

function check(rows: readonly Row[]): void {
  for (const [what, record, action, observation] of rows) {
    it(what, () => {
      expect(decide(record, { ...CALM, ...observation }, NOW)).toMatchObject(action);
    });
  }
}

describe('before work', () => {
  check([
    ['an accepted task is pinned', buildRecord({ task: { state: 'accepted', pin: null } }), { do: 'pin' }],
    ['a queued task asks for room', buildRecord({ task: { state: 'queued' } }), { do: 'start' }],
  ]);
});

describe('working', () => {
  const working = (job: JobRecord, rest: Partial<Parameters<typeof buildRecord>[0]> = {}) =>
    buildRecord({ jobs: [job], ...rest });
  const uploaded = [buildRound({ lastUploadDigest: CHANGE })];
  const sealed = (digest: string) => [buildRound({ sealedDigest: digest, lastUploadDigest: digest })];
  const secondRound = (digest: string) => [
    buildRound({ sealedDigest: CHANGE, verdict: broken(1) }),
    buildRound({ number: 2, resumeDigest: CHANGE, lastUploadDigest: digest }),
  ];
  const work2 = { ...work, round: 2 };
  check([
    ['without a job it launches one', buildRecord({}), { do: 'launch', kind: 'work', number: 1, rank: 1 }],
    ['without a place it stands in line', buildRecord({}), { do: 'ask-place', rank: 1 }, { room: false }],
    ['and only once', buildRecord({ waiting: { rank: 1 } }), { do: 'wait' }, { room: false }],
    [
      'a job that has its row has its place',
      working({ ...work, launchedAt: null }),
      { do: 'launch', kind: 'work', number: 1 },
      { room: false },
    ],
    [
      'a job that a crash left unlaunched is launched',
      working({ ...work, launchedAt: null }),
      { do: 'launch', kind: 'work', number: 1 },
    ],
    ['a running job is waited for', working(work), { do: 'wait' }],
    [
      'the first change set starts the verify job',
      working(work, { rounds: uploaded }),
      { do: 'launch', kind: 'verify', number: 1 },
    ],
    [
      'without room verify waits for the seal',
      working(work, { rounds: uploaded }),
      { do: 'wait' },
      { room: false },
    ],
    [
      'an empty change set starts nothing',
      working(work, { rounds: [buildRound({ lastUploadDigest: EMPTY })] }),
      { do: 'wait' },
    ],
    [
      'the change set judged last starts nothing',
      working(work2, { rounds: secondRound(CHANGE) }),
      { do: 'wait' },
    ],
    [
      'a new one in a later round does',
      working(work2, { rounds: secondRound(OTHER) }),
      { do: 'launch', kind: 'verify', number: 1 },
    ],
    [
      'a verify job beside work is left alone',
      buildRecord({ rounds: uploaded, jobs: [work, verify] }),
      { do: 'wait' },
    ],
    ['a seal ends it', working(closedJob(work), { rounds: sealed(CHANGE) }), { do: 'enter-verifying' }],
    [
      'an empty seal needs no verify',
      working(closedJob(work), { rounds: sealed(EMPTY) }),
      { do: 'skip-verify' },
    ],
    [
      'a seal beats an end that came after it',
      working(lostJob(closedJob(work)), { rounds: sealed(CHANGE) }),
      { do: 'enter-verifying' },
    ],
  ]);

  check(
    (['memory', 'time', 'output', 'disk', 'processes', 'deadline'] as const).map((limit) => [
      `work that its ${limit} limit ended is sealed`,
      working(endedJob(work, { fetch: 'completed', work: limit }), { rounds: uploaded }),
      { do: 'seal', end: `limit-${limit === 'deadline' ? 'time' : limit}` },
    ]),
  );
  check(
    (['error', 'stopped', 'start-failed', 'completed'] as const).map((reason) => [
      `work that ended as ${reason} without a seal is lost`,
      working(endedJob(work, { fetch: 'completed', work: reason })),
      { do: 'restart-round' },
    ]),
  );
  check([
    ['a job that its machine took along is lost', working(lostJob(work)), { do: 'restart-round' }],
    ['a closed job without a seal is lost', working(closedJob(work)), { do: 'restart-round' }],
    [
      'a fetch that ran out of time is lost, not refused',
      working(endedJob(work, { fetch: 'deadline' })),
      { do: 'restart-round' },
    ],
    [
      'the third loss still goes on',
      working(lostJob(work), { platformFailures: 2 }),
      { do: 'restart-round' },
    ],
    [
      'the fourth ends the task',
      working(endedJob(work, { fetch: 'completed', setup: 'error' }), { platformFailures: 3 }),
      {
        do: 'end',
        outcome: 'errored',
        reason: {
          code: 'sandbox-lost',
          values: { count: 4, phase: 'setup', cause: 'unknown', alike: 'yes' },
          detail: null,
        },
      },
    ],
    [
      'a tree over the template is refused',
      working(endedJob(work, { fetch: 'disk' })),
      { do: 'end', outcome: 'refused' },
    ],
    [
      'a setup over its limits needs a human',
      working(endedJob(work, { fetch: 'completed', setup: 'memory' })),
      { do: 'end', outcome: 'needs-human' },
    ],
  ]);

  const reports = [
    ['fence-not-in-force', 'errored', 'fence-not-in-force'],
    ['credential-found', 'errored', 'credential-found'],
    ['tree-unsupported', 'refused', 'tree-unsupported'],
    ['setup-failed', 'needs-human', 'setup-failed'],
    ['change-set-refused', 'needs-human', 'bundle-invalid'],
  ] as const;
  for (const job of [work, verify]) {
    it.each(reports)(`a ${job.kind} job that reports %s ends the task as %s`, (code, outcome, reason) => {
      const jobs =
        job.kind === 'work'
          ? [{ ...work, failure: failure(code) }]
          : [work, { ...verify, failure: failure(code) }];
      expect(decide(buildRecord({ jobs, rounds: uploaded }), CALM, NOW)).toMatchObject({
        do: 'end',
        outcome,
        reason: { code: reason, detail: 'E404' },
      });
    });
  }
  check(
    (['fetch-failed', 'internal', 'limit'] as const).map((code) => [
      `a report of ${code} waits for the job's end`,
      working({ ...work, failure: failure(code) }),
      { do: 'wait' },
    ]),
  );
});

describe('verifying', () => {
  const rounds = [buildRound({ sealedDigest: CHANGE, lastUploadDigest: CHANGE })];
  const verifying = (...jobs: JobRecord[]) =>
    buildRecord({
      task: { state: 'verifying' },
      rounds,
      jobs: [{ ...closedJob(work), removedAt: new Date(NOW) }, ...jobs],
    });
  const running = (ends: Parameters<typeof seenJob>[0]) => ({ ...verify, seen: seenJob(ends, 'running') });
  const delivered = (job: JobRecord, complete: boolean) =>
    closedJob({ ...job, baseResults: true, newResults: { complete } });
  const second = { ...buildJob({ kind: 'verify', number: 2 }) };
  const third = { ...buildJob({ kind: 'verify', number: 3 }) };
  const lostFirst = closedJob(lostJob({ ...verify, removedAt: new Date(NOW) }));
  check([
    ['without a job it launches one', verifying(), { do: 'launch', kind: 'verify', number: 1 }],
    [
      'without a place it stands in line, before new work',
      verifying(),
      { do: 'ask-place', rank: 0 },
      { room: false },
    ],
    ['and only once', { ...verifying(), waiting: { rank: 0 } }, { do: 'wait' }, { room: false }],
    [
      'meanwhile the work job that holds a place is removed',
      {
        ...buildRecord({ task: { state: 'verifying' }, rounds, jobs: [closedJob(lostJob(work))] }),
        waiting: { rank: 0 },
      },
      { do: 'remove-job', job: 'work-1' },
      { room: false },
    ],
    [
      'a lost one is replaced when there is a place',
      verifying(lostFirst),
      { do: 'ask-place', rank: 0 },
      { room: false },
    ],
    ['a running job is waited for', verifying(running({ verify: null, deliver: null })), { do: 'wait' }],
    [
      "results without verify's end are no bundle yet",
      verifying(delivered(running({ verify: null, deliver: null }), true)),
      { do: 'wait' },
    ],
    [
      'with its end they are',
      verifying(delivered(running({ verify: 'completed', deliver: null }), true)),
      { do: 'enter-judging' },
    ],
    [
      'verify over, deliver still uploading: wait',
      verifying(running({ verify: 'completed', deliver: null })),
      { do: 'wait' },
    ],
    [
      'verify ended by its limit: deliver is told',
      verifying(running({ verify: 'memory', deliver: null })),
      { do: 'tell-verify-ended', job: 'verify-1' },
    ],
    [
      'but once',
      verifying({ ...running({ verify: 'memory', deliver: null }), verifyEnded: true }),
      { do: 'wait' },
    ],
    [
      'what a limit left is judged',
      verifying(delivered(running({ verify: 'time', deliver: null }), false)),
      { do: 'enter-judging' },
    ],
    [
      'also where nothing more was delivered',
      verifying(endedJob(verify, { fetch: 'completed', verify: 'deadline', deliver: 'deadline' })),
      { do: 'enter-judging' },
    ],
    [
      'verify died otherwise: closed first',
      verifying(running({ verify: 'error', deliver: null })),
      { do: 'close-job', job: 'verify-1', reason: 'lost' },
    ],
    [
      'deliver died: closed first',
      verifying(running({ verify: null, deliver: 'error' })),
      { do: 'close-job', job: 'verify-1', reason: 'lost' },
    ],
    [
      'a lost machine: closed first',
      verifying(lostJob(verify)),
      { do: 'close-job', job: 'verify-1', reason: 'lost' },
    ],
    ['then another one follows', verifying(lostFirst), { do: 'launch', kind: 'verify', number: 2 }],
    [
      'incomplete results of one that died otherwise are judged again',
      verifying(delivered(endedJob(verify, { verify: 'error', deliver: 'completed' }), false)),
      { do: 'launch', kind: 'verify', number: 2 },
    ],
    [
      'complete ones count, however verify ended',
      verifying(delivered(endedJob(verify, { verify: 'stopped', deliver: 'completed' }), true)),
      { do: 'enter-judging' },
    ],
    ['the second is waited for', verifying(lostFirst, second), { do: 'wait' }],
    [
      'the third lost one ends the task',
      verifying(
        lostFirst,
        { ...closedJob(lostJob(second)), removedAt: new Date(NOW) },
        closedJob(lostJob(third)),
      ),
      {
        do: 'end',
        outcome: 'errored',
        reason: {
          code: 'sandbox-lost',
          values: { count: 3, phase: 'verify', cause: 'unknown', alike: 'yes' },
          detail: null,
        },
      },
    ],
    [
      'a setup that fails beside the judge needs a human',
      verifying({ ...verify, failure: failure('setup-failed') }),
      { do: 'end', outcome: 'needs-human' },
    ],
  ]);
  check([
    [
      'beside the agent, base cells over a limit are not repeated',
      buildRecord({
        rounds: [buildRound({ lastUploadDigest: CHANGE })],
        jobs: [work, endedJob({ ...verify, verifyEnded: true }, { verify: 'memory', deliver: 'completed' })],
      }),
      { do: 'wait' },
    ],
    [
      'beside the agent, a lost one is replaced',
      buildRecord({ rounds: [buildRound({ lastUploadDigest: CHANGE })], jobs: [work, lostFirst] }),
      { do: 'launch', kind: 'verify', number: 2 },
    ],
  ]);
});

describe('judging', () => {
  const judging = (rounds: Parameters<typeof buildRecord>[0]['rounds'], jobs: JobRecord[] = []) =>
    buildRecord({ task: { state: 'judging' }, jobs, ...(rounds ? { rounds } : {}) });
  const sealed = buildRound({ sealedDigest: CHANGE });
  const judged = (verdict: ReturnType<typeof buildVerdict>, number = 1, digest = CHANGE) =>
    buildRound({ number, sealedDigest: digest, verdict });
  const blocking = buildVerdict({
    conclusion: 'failure',
    blocked: true,
    reason: 'protected-path',
    gates: [
      {
        gate: 'protected paths',
        effect: 'blocks',
        findings: [
          {
            path: '.github/workflows/ci.yml',
            line: null,
            saw: 'added',
            effect: 'blocks',
            code: 'protected-path',
          },
        ],
      },
    ],
  });
  check([
    ['what is open is closed first', judging([sealed], [verify]), { do: 'close-job', job: 'verify-1' }],
    ['open reservations are waited for', judging([sealed]), { do: 'wait' }, { openReservations: 1 }],
    ['then it is judged', judging([sealed]), { do: 'judge' }],
    [
      'a green verdict is published',
      judging([judged(buildVerdict())]),
      { do: 'plan-publish', plan: { round: 1, outcome: 'verified', reason: null } },
    ],
    [
      'a green one is verified, whatever the budget says',
      judging([buildRound({ sealedDigest: CHANGE, verdict: buildVerdict(), workEnd: 'budget' })]),
      { do: 'plan-publish', plan: { round: 1, outcome: 'verified', reason: null } },
      { budgetSpent: true },
    ],
    ['broken tests get another round', judging([judged(broken(1))]), { do: 'next-round', follows: 1 }],
    [
      'what fails on the base alike gets none',
      judging([judged(buildVerdict({ conclusion: 'neutral', reason: 'asks-human' }))]),
      { do: 'plan-publish', plan: { round: 1, outcome: 'needs-human', reason: null } },
    ],
    [
      'a command that runs no test gets none',
      judging([judged(buildVerdict({ conclusion: 'failure', reason: 'nothing-verified' }))]),
      { do: 'plan-publish', plan: { round: 1, outcome: 'needs-human', reason: null } },
    ],
    [
      'the last round ends it with the fewest broken, the latest of equals',
      judging([judged(broken(2)), judged(broken(1), 2, OTHER), judged(broken(1), 3)]),
      { do: 'plan-publish', plan: { round: 3, outcome: 'needs-human', reason: null } },
    ],
    [
      'an earlier round with fewer broken is published',
      judging([judged(broken(1)), judged(broken(3), 2, OTHER), judged(broken(2), 3)]),
      { do: 'plan-publish', plan: { round: 1, outcome: 'needs-human', reason: null } },
    ],
    [
      'lost rounds do not count against the rounds',
      judging([judged(broken(2)), buildRound({ number: 2, lost: true }), judged(broken(1), 3, OTHER)]),
      { do: 'next-round', follows: 3 },
    ],
    [
      'without budget there is no further round',
      judging([judged(broken(1))]),
      { do: 'plan-publish', plan: { round: 1, outcome: 'budget-reached', reason: null } },
      { budgetSpent: true },
    ],
    [
      'nor where the gateway said that it is spent',
      judging([buildRound({ sealedDigest: CHANGE, verdict: broken(1), workEnd: 'budget' })]),
      { do: 'plan-publish', plan: { round: 1, outcome: 'budget-reached', reason: null } },
    ],
    [
      'a round that changed nothing more leaves the earlier verdict',
      judging([judged(broken(1)), buildRound({ number: 2, sealedDigest: CHANGE })]),
      { do: 'plan-publish', plan: { round: 1, outcome: 'needs-human', reason: null } },
    ],
    [
      'and does not wait for a verify job that was told so',
      judging(
        [judged(broken(1)), buildRound({ number: 2, sealedDigest: EMPTY })],
        [{ ...verify, round: 2, nothingComes: true }],
      ),
      { do: 'plan-publish' },
    ],
    [
      'a blocking gate ends it with the reason of its finding',
      judging([judged(blocking)]),
      {
        do: 'end',
        outcome: 'needs-human',
        reason: {
          code: 'protected-path',
          values: {
            gate: 'protected paths',
            message: 'added',
            kind: 'added',
            path: '.github/workflows/ci.yml',
          },
          detail: null,
        },
      },
    ],
    [
      'an earlier round without blocking gate is published instead',
      judging([judged(broken(1)), judged(blocking, 2, OTHER)]),
      { do: 'plan-publish', plan: { round: 1, outcome: 'needs-human', reason: null } },
    ],
    [
      'an empty change set ends it',
      judging([buildRound({ sealedDigest: EMPTY, narrative: 'nothing to do' })]),
      {
        do: 'end',
        outcome: 'needs-human',
        reason: { code: 'change-empty', values: {}, detail: 'nothing to do' },
      },
    ],
    [
      'empty for want of money is the budget',
      judging([buildRound({ sealedDigest: EMPTY, workEnd: 'budget' })]),
      { do: 'end', outcome: 'budget-reached', reason: null },
    ],
    [
      'empty because our agent failed is ours',
      judging([buildRound({ sealedDigest: EMPTY, workEnd: 'failed' })]),
      { do: 'end', outcome: 'errored' },
    ],
  ]);
});

describe('publishing and the end', () => {
  const ended = (jobs: JobRecord[] = []) =>
    buildRecord({ task: { state: 'ended', outcome: 'verified', endedAt: new Date(NOW) }, jobs });
  const asked = (job: JobRecord, agoMs: number): JobRecord => ({
    ...closedJob(job, agoMs + 3_000),
    stopAskedAt: new Date(NOW - agoMs),
  });
  check([
    ['a plan is published', buildRecord({ task: { state: 'publishing' } }), { do: 'publish' }],
    ['nothing left is rest', ended(), { do: 'rest' }],
    ['a sandbox that just closed gets a moment', ended([closedJob(verify)]), { do: 'wait', forMs: 1_000 }],
    ['then it is asked to stop', ended([closedJob(verify, 5_000)]), { do: 'stop-job', job: 'verify-1' }],
    ['its end is waited for', ended([asked(verify, 5_000)]), { do: 'wait', forMs: 1_000 }],
    ['a stop that nobody saw is asked for again', ended([asked(verify, 61_000)]), { do: 'stop-job' }],
    [
      'a launch that may have died half way is looked for at once',
      ended([{ ...closedJob(verify), launchedAt: null }]),
      { do: 'stop-job', job: 'verify-1' },
    ],
    [
      'one that ended is removed at once',
      ended([closedJob(lostJob(verify))]),
      { do: 'remove-job', job: 'verify-1' },
    ],
    [
      'a token is revoked before its sandbox goes',
      ended([{ ...closedJob(verify, 5_000), gitToken: true }]),
      { do: 'revoke-token', job: 'verify-1' },
    ],
    ['removed ones are rest', ended([{ ...closedJob(verify), removedAt: new Date(NOW) }]), { do: 'rest' }],
  ]);
  check([
    [
      'a token is revoked as soon as fetch is over',
      buildRecord({ jobs: [{ ...work, phase: 'work', gitToken: true }] }),
      { do: 'revoke-token', job: 'work-1' },
    ],
    ['not before', buildRecord({ jobs: [{ ...work, phase: 'fetch', gitToken: true }] }), { do: 'wait' }],
    [
      'nor before the first call',
      buildRecord({ jobs: [{ ...work, phase: null, gitToken: true }] }),
      { do: 'wait' },
    ],
  ]);
});

describe('an abort', () => {
  const abort = { login: 'octocat', at: '2026-01-02T14:09:59.000Z' };
  const states = TaskState.options.filter((state) => state !== 'ended');
  const left = closedJob(work);
  const asked = { ...left, stopAskedAt: new Date(NOW) };
  const gone = { ...left, removedAt: new Date(NOW) };

  it.each(states.filter(isAbortable))('in %s closes in the record, then stops, then ends', (state) => {
    const at = (jobs: JobRecord[]) => decide(buildRecord({ task: { state, abort }, jobs }), CALM, NOW);
    expect(at([work, verify])).toEqual({ do: 'close-job', job: 'work-1', reason: 'aborted' });
    expect(at([left, verify])).toEqual({ do: 'close-job', job: 'verify-1', reason: 'aborted' });
    expect(at([left, closedJob(verify)])).toEqual({ do: 'stop-job', job: 'work-1' });
    expect(at([asked, closedJob(verify)])).toEqual({ do: 'stop-job', job: 'verify-1' });
    expect(at([asked, gone])).toEqual({ do: 'wait', forMs: 1_000 });
    expect(at([lostJob(asked), gone])).toEqual({ do: 'remove-job', job: 'work-1' });
    expect(at([gone])).toEqual({ do: 'end', outcome: 'aborted', reason: null });
  });

  it('does not wait for ever for a sandbox whose node does not answer', () => {
    const at = (now: number) => decide(buildRecord({ task: { abort }, jobs: [asked] }), CALM, now);
    expect(at(NOW + 58_000)).toEqual({ do: 'wait', forMs: 1_000 });
    expect(at(NOW + 60_000)).toEqual({ do: 'end', outcome: 'aborted', reason: null });
  });

  it('is too late once a pull request is in the making', () => {
    const record = buildRecord({ task: { state: 'publishing', abort } });
    expect(decide(record, CALM, NOW)).toEqual({ do: 'publish' });
  });

  it('never seals or judges what was uploaded last', () => {
    const record = buildRecord({
      task: { abort },
      rounds: [buildRound({ lastUploadDigest: CHANGE })],
      jobs: [endedJob(closedJob(work), { work: 'memory' })],
    });
    expect(decide(record, CALM, NOW)).toEqual({ do: 'remove-job', job: 'work-1' });
  });
});

describe('a step that keeps failing', () => {
  const HOUR_MS = 3_600_000;
  const stuck = (failures: number, lastedMs: number) =>
    decide(
      buildRecord({ task: { state: 'publishing', stateSince: new Date(NOW - lastedMs) }, failures }),
      CALM,
      NOW,
    ).do;

  it.each([
    [0, 24 * HOUR_MS, 'publish'],
    [7, 60_000, 'publish'],
    [8, 60_000, 'end'],
    [1, 5 * HOUR_MS, 'publish'],
    [1, 7 * HOUR_MS, 'end'],
  ] as const)('%i failures in %i ms: %s', (failures, lastedMs, action) => {
    expect(stuck(failures, lastedMs)).toBe(action);
  });
});
