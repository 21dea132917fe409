/**
 * The configuration as one attempt is pinned to it: admin file, repository file and organisation default merged, with
 * repository values only tightening. Everything downstream reads this, never the files.
 */
import { z } from 'zod';
import { CheckSpec } from '../result/contract/phase-spec.ts';
import { Digest } from '../shared/digest.ts';

/** Nano-dollars as a decimal string: JSON has no bigint. */
const NanoUsdText = z.string().regex(/^\d{1,18}$/);

/** What only a pod has: where and how a template's pods run, as pinned and as the job's spec has it. */
export const PodShape = z.strictObject({
  namespace: z.string(),
  cpuMillis: z.int(),
  runtimeClass: z.string().nullable(),
  nodeSelector: z.record(z.string(), z.string()),
  tolerations: z.array(
    z.strictObject({
      key: z.string().optional(),
      operator: z.enum(['Exists', 'Equal']).optional(),
      value: z.string().optional(),
      effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional(),
    }),
  ),
  /** A Kueue LocalQueue that holds the job until it has room; null: the job starts at once. */
  queue: z.string().nullable(),
});
export type PodShape = z.infer<typeof PodShape>;

export const AttemptConfig = z.strictObject({
  template: z.strictObject({
    name: z.string(),
    isolation: z.enum(['bubblewrap', 'none', 'pod']),
    image: z.string().nullable(),
    memoryBytes: z.int(),
    processes: z.int(),
    diskBytes: z.int(),
    files: z.int(),
    outputBytes: z.int(),
    toolEnv: z.record(z.string(), z.string()),
    /** Null where sandboxes are no pods. */
    pod: PodShape.nullable().default(null),
  }),
  setup: z.array(z.string()),
  setupTimeoutMs: z.int(),
  checks: z.array(CheckSpec).min(1),
  model: z.strictObject({ id: z.string(), maxOutputTokens: z.int(), contextTokens: z.int() }),
  /** What one task may spend. */
  taskBudgetNanoUsd: NanoUsdText,
  limits: z.strictObject({
    attempts: z.int(),
    /** The first round and those that go on after failed checks (1 + 2 by default). */
    rounds: z.int(),
    turns: z.int(),
    /** One work job's wall clock. */
    workMs: z.int(),
    /** One verify job's own wall clock, on top of what is left of work's. */
    verifyMs: z.int(),
    changedFiles: z.int(),
    changedBytes: z.int(),
  }),
  /** Glob patterns of paths that block a change set: the admin's, the repository's and the built-in ones joined. */
  protectedPaths: z.array(z.string()),
  /** Built-in protected paths that the admin allows here. */
  allowedPaths: z.array(z.string()),
  team: z.string().nullable(),
  label: z.string(),
  ci: z.enum(['after-approval', 'at-once']),
  /** Files of the base commit that the agent reads as guidance. */
  instructionFiles: z.array(z.string()),
  digests: z.strictObject({ admin: Digest, repository: Digest.nullable(), organisation: Digest.nullable() }),
});
export type AttemptConfig = z.infer<typeof AttemptConfig>;
