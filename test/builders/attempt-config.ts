/** A valid pinned configuration; tests override what they speak about. */
import type { AttemptConfig } from '../../src/config/attempt-config.ts';
import { digestOf } from '../../src/shared/digest.ts';

/** The smallest configuration with one `tests` check and no setup. */
export function buildAttemptConfig(overrides: Partial<AttemptConfig> = {}): AttemptConfig {
  return {
    template: {
      name: 'node-24',
      isolation: 'bubblewrap',
      image: null,
      memoryBytes: 1024 ** 3,
      processes: 200,
      diskBytes: 1024 ** 3,
      files: 50_000,
      outputBytes: 1024 ** 2,
      toolEnv: {},
      pod: null,
    },
    setup: [],
    setupTimeoutMs: 60_000,
    checks: [
      {
        name: 'npm test',
        run: 'npm test',
        kind: 'tests',
        report: { format: 'tap', path: '-' },
        timeoutMs: 60_000,
      },
    ],
    model: { id: 'claude-sonnet-4-6', maxOutputTokens: 8_192, contextTokens: 200_000 },
    taskBudgetNanoUsd: '2000000000',
    limits: {
      attempts: 3,
      rounds: 3,
      turns: 50,
      workMs: 600_000,
      verifyMs: 300_000,
      changedFiles: 100,
      changedBytes: 1_000_000,
    },
    protectedPaths: ['.github/**'],
    allowedPaths: [],
    team: null,
    label: 'agent',
    ci: 'after-approval',
    instructionFiles: [],
    digests: { admin: digestOf('admin'), repository: null, organisation: null },
    ...overrides,
  };
}
