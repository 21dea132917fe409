/** What is next while a sealed change set is verified: results, limits, losses. */
import { describe } from 'vitest';
import type { JobRecord } from '../../src/task/record.ts';
import {
  buildJob,
  buildRecord,
  buildRound,
  CHANGE,
  closedJob,
  endedJob,
  lostJob,
  NOW,
  seenJob,
} from '../builders/task-facts.ts';
import { failure, itDecides, verify, work } from '../fixtures/decision-table.ts';

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
  itDecides([
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
  itDecides([
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
