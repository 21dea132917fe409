/** What is next before work and while the agent works: reports, limits, losses, uploads, the seal. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/controller/decide.ts';
import type { JobRecord } from '../../src/task/record.ts';
import {
  buildRecord,
  buildRound,
  CHANGE,
  closedJob,
  EMPTY,
  endedJob,
  lostJob,
  NOW,
  OTHER,
} from '../builders/task-facts.ts';
import { broken, CALM, failure, itDecides, verify, work } from '../fixtures/decision-table.ts';

describe('before work', () => {
  itDecides([
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
  itDecides([
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

  itDecides(
    (['memory', 'time', 'output', 'disk', 'processes', 'deadline'] as const).map((limit) => [
      `work that its ${limit} limit ended is sealed`,
      working(endedJob(work, { fetch: 'completed', work: limit }), { rounds: uploaded }),
      { do: 'seal', end: `limit-${limit === 'deadline' ? 'time' : limit}` },
    ]),
  );
  itDecides(
    (['error', 'stopped', 'start-failed', 'completed'] as const).map((reason) => [
      `work that ended as ${reason} without a seal is lost`,
      working(endedJob(work, { fetch: 'completed', work: reason })),
      { do: 'restart-round' },
    ]),
  );
  itDecides([
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
        reason: { code: reason, detail: 'npm ci exited 1\n\nE404' },
      });
    });
  }
  itDecides(
    (['fetch-failed', 'internal', 'limit'] as const).map((code) => [
      `a report of ${code} waits for the job's end`,
      working({ ...work, failure: failure(code) }),
      { do: 'wait' },
    ]),
  );
});
