import { describe, expect, it } from 'vitest';
import { buildPhaseSpec, type SpecFacts } from '../../../src/gateway/sandbox/phase-spec.ts';
import { PhaseSpec } from '../../../src/result/contract/phase-spec.ts';
import { buildAttemptConfig } from '../../builders/attempt-config.ts';
import { buildChangeSet, putEntry } from '../../builders/change-set.ts';
import { LIMITS } from '../../builders/running-job.ts';
import { BASE_SHA, buildPin } from '../../builders/task-row.ts';

const facts: SpecFacts = {
  taskId: '7k2m9q',
  job: 'gb-7k2m9q-work-3f9a0c1b2d',
  limits: LIMITS,
  issueNumber: 42,
  snapshot: {
    title: 'parseDuration drops the minutes',
    body: 'It returns one hour.',
    comments: [{ login: 'octocat', createdAt: '2026-01-05T14:00:00Z', body: 'Since 1.2.' }],
    removed: [],
    takenAt: '2026-01-05T14:05:02.000Z',
  },
  pin: buildPin({ config: buildAttemptConfig({ setup: ['npm ci'], instructionFiles: ['AGENTS.md'] }) }),
  round: 1,
  resume: null,
  failingOutput: [],
  nonce: 'f'.repeat(32),
};
const common = { taskId: '7k2m9q', job: 'gb-7k2m9q-work-3f9a0c1b2d', limits: LIMITS };

describe('the spec of a phase', () => {
  it('fetch learns where the commit is, and nothing of the issue', () => {
    expect(buildPhaseSpec('fetch', facts)).toEqual({
      phase: 'fetch',
      ...common,
      gitPath: '/git/repo.git',
      baseSha: BASE_SHA,
    });
  });

  it("setup learns the repository's commands, and nothing of the issue", () => {
    expect(buildPhaseSpec('setup', facts)).toEqual({
      phase: 'setup',
      ...common,
      commands: ['npm ci'],
      timeoutMs: 60_000,
    });
  });

  it('work gets the issue as one untrusted block: title, body, comments in their order', () => {
    expect(buildPhaseSpec('work', facts)).toMatchObject({
      phase: 'work',
      baseSha: BASE_SHA,
      maxTurns: 50,
      instructionFiles: ['AGENTS.md'],
      resume: null,
      untrusted: [
        {
          label: 'issue 42',
          text: 'Title: parseDuration drops the minutes\n\nIt returns one hour.\n\nComment by octocat at 2026-01-05T14:00:00Z:\n\nSince 1.2.',
        },
      ],
    });
  });

  it('work of a later round goes on with the change set, the conversation and what failed', () => {
    const changeSet = buildChangeSet(putEntry('src/a.ts'));
    const resume = { changeSet, messages: [{ role: 'user', content: 'x' }] };
    const failingOutput = [{ label: 'output of npm test', text: 'not ok 1' }];
    const spec = buildPhaseSpec('work', { ...facts, round: 2, resume, failingOutput });
    expect(spec).toMatchObject({ round: 2, resume, untrusted: [{ label: 'issue 42' }, failingOutput[0]] });
  });

  it('deliver gets the spec of verify, which has no token to ask itself', () => {
    const { checks } = facts.pin.config;
    expect(buildPhaseSpec('deliver', facts)).toEqual({
      phase: 'deliver',
      ...common,
      verify: { phase: 'verify', ...common, checks },
    });
    expect(buildPhaseSpec('verify', facts)).toBeNull();
  });

  it.each(['fetch', 'setup', 'work', 'deliver'] as const)('%s holds to the contract', (phase) => {
    const spec = buildPhaseSpec(phase, facts);
    expect(PhaseSpec.parse(spec)).toEqual(spec);
  });

  it('cuts a block that is too long, and says how long it was', () => {
    const snapshot = { ...facts.snapshot, body: 'x'.repeat(300_000) };
    const spec = PhaseSpec.parse(buildPhaseSpec('work', { ...facts, snapshot }));
    const text = spec.phase === 'work' ? spec.untrusted[0]?.text : '';
    expect(text?.length).toBe(200_000);
    expect(text).toMatch(/\[cut: 3000\d\d characters in all\]$/);
  });
});
