/** What is next at a task's end: publishing, an abort, a step that keeps failing. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/controller/decide.ts';
import type { JobRecord } from '../../src/task/record.ts';
import { isAbortable } from '../../src/task/state-table.ts';
import { TaskState } from '../../src/task/task.ts';
import {
  buildRecord,
  buildRound,
  CHANGE,
  closedJob,
  endedJob,
  lostJob,
  NOW,
} from '../builders/task-facts.ts';
import { CALM, itDecides, verify, work } from '../fixtures/decision-table.ts';

describe('publishing and the end', () => {
  const ended = (jobs: JobRecord[] = []) =>
    buildRecord({ task: { state: 'ended', outcome: 'verified', endedAt: new Date(NOW) }, jobs });
  const putOff = (forMs: number) => ({ gitToken: true, revokeAt: new Date(NOW + forMs) });
  const asked = (job: JobRecord, agoMs: number): JobRecord => ({
    ...closedJob(job, agoMs + 3_000),
    stopAskedAt: new Date(NOW - agoMs),
  });
  itDecides([
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
      'a sandbox is stopped before its token is revoked, which GitHub may hold up',
      ended([{ ...closedJob(verify, 5_000), gitToken: true }]),
      { do: 'stop-job', job: 'verify-1' },
    ],
    [
      'a sandbox that ended is removed before that, too',
      ended([{ ...closedJob(lostJob(verify)), gitToken: true }]),
      { do: 'remove-job', job: 'verify-1' },
    ],
    [
      'its token is revoked while its end is waited for',
      ended([{ ...asked(verify, 5_000), gitToken: true }]),
      { do: 'revoke-token', job: 'verify-1' },
    ],
    [
      'a revocation that was put off holds up no look at a sandbox',
      ended([{ ...asked(verify, 5_000), ...putOff(30_000) }]),
      { do: 'wait', forMs: 1_000 },
    ],
    [
      'and is waited for where nothing else is left',
      ended([{ ...closedJob(verify), ...putOff(30_000), removedAt: new Date(NOW) }]),
      { do: 'wait', forMs: 30_000 },
    ],
    [
      'then it is tried again',
      ended([{ ...closedJob(verify), ...putOff(0), removedAt: new Date(NOW) }]),
      { do: 'revoke-token', job: 'verify-1' },
    ],
    ['removed ones are rest', ended([{ ...closedJob(verify), removedAt: new Date(NOW) }]), { do: 'rest' }],
  ]);
  itDecides([
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
  const DAY_AGO = new Date(NOW - 24 * HOUR_MS);
  const stuck = (failures: number, failingMs: number) => {
    const since = failures === 0 ? {} : { failingSince: new Date(NOW - failingMs) };
    const task = { state: 'publishing', stateSince: DAY_AGO } as const;
    return decide(buildRecord({ task, failures, ...since }), CALM, NOW).do;
  };

  it.each([
    [0, 0, 'publish'],
    [1, 60_000, 'publish'],
    [7, 60_000, 'publish'],
    [8, 60_000, 'end'],
    [1, 5 * HOUR_MS, 'publish'],
    [1, 7 * HOUR_MS, 'end'],
  ] as const)('%i failures in %i ms of a state that lasts a day: %s', (failures, failingMs, action) => {
    expect(stuck(failures, failingMs)).toBe(action);
  });

  it.each(['queued', 'working'] as const)('a first failure ends no task that is %s for hours', (state) => {
    const task = { state, stateSince: DAY_AGO };
    const record = buildRecord({ task, jobs: [work], failures: 1, failingSince: new Date(NOW - 1_000) });
    expect(decide(record, CALM, NOW).do).not.toBe('end');
  });
});
