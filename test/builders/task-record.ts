/** A task record for tests: issue 42 of octo-org/clock, pinned and working. */
import { digestOf } from '../../src/shared/digest.ts';
import { Task } from '../../src/task/task.ts';
import { buildAttemptConfig } from './attempt-config.ts';
import { BASE_SHA } from './task-row.ts';

/** Overrides are merged at the top level. */
export function buildTask(overrides: Partial<Task> = {}): Task {
  return Task.parse({
    id: '7k2m9q',
    repo: { installationId: 1, repositoryId: 2, owner: 'octo-org', repo: 'clock', private: false },
    issueNumber: 42,
    state: 'working',
    outcome: null,
    reason: null,
    version: 3,
    epoch: 1,
    requester: { id: 583_231, login: 'octocat', permission: 'write', roleName: 'write', via: 'label' },
    snapshot: {
      title: 'parseDuration drops the minutes of 1h30m',
      body: 'It reads one hour.',
      comments: [],
      removed: [{ kind: 'HTML comment', count: 1, characters: 84 }],
      takenAt: '2026-01-02T14:05:02.000Z',
    },
    snapshotDigest: digestOf('snapshot'),
    publishPlan: null,
    pin: { baseRef: 'main', baseSha: BASE_SHA, baseTreeSha: 'b'.repeat(40), config: buildAttemptConfig() },
    attempt: 1,
    round: 1,
    abort: null,
    branch: null,
    commitSha: null,
    pullNumber: null,
    createdAt: new Date('2026-01-02T14:05:02.000Z'),
    stateSince: new Date('2026-01-02T14:05:02.000Z'),
    endedAt: null,
    ...overrides,
  });
}
