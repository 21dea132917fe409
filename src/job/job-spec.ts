/**
 * Round to job, as pure data: everything that decides a sandbox's shape comes from the pinned configuration. Holds no
 * secret, so the record keeps it and a command may print it.
 */
import { z } from 'zod';
import { PodShape } from '../config/attempt-config.ts';
import { Phase, SandboxLimits } from '../result/contract/phase-spec.ts';
import { jobName } from '../shared/ids.ts';
import type { Pin, Task } from '../task/task.ts';
import type { JobSpec } from './sandbox.ts';

/** What fetch may take, a slow host included, in milliseconds. */
const FETCH_MS = 300_000;
/** What the last upload and an orderly end may take, in milliseconds. */
const UPLOAD_MS = 60_000;

/** Which job of which round. `workLeftMs`: what is left of the work job's wall clock (verify jobs; 0 after the seal). */
export interface JobWish {
  readonly task: Task;
  readonly pin: Pin;
  readonly kind: 'work' | 'verify';
  readonly number: number;
  readonly workLeftMs: number;
}

/** Builds the job; the same wish gives the same job. */
export function jobSpec(wish: JobWish): JobSpec {
  const { task, pin, kind, number } = wish;
  const { template, limits } = pin.config;
  const key = { taskId: task.id, attempt: task.attempt, round: task.round, kind, number };
  const ownMs = kind === 'work' ? limits.workMs : limits.verifyMs;
  return {
    name: jobName(key),
    kind,
    taskId: task.id,
    attempt: task.attempt,
    round: task.round,
    phases: phasesOf(kind, pin.config.setup.length > 0),
    isolation: template.isolation,
    image: template.image,
    limits: {
      wallClockMs: ownMs,
      memoryBytes: template.memoryBytes,
      processes: template.processes,
      diskBytes: template.diskBytes,
      files: template.files,
      outputBytes: template.outputBytes,
    },
    pod: template.pod,
    deadlineMs: FETCH_MS + setupMs(pin) + (kind === 'verify' ? wish.workLeftMs : 0) + ownMs + UPLOAD_MS,
    toolEnv: template.toolEnv,
  };
}

/** Phases that are handed a token of their own: all but verify. */
export function tokenPhases(spec: JobSpec): readonly Phase[] {
  return spec.phases.filter((phase) => phase !== 'verify');
}

/** The job as the record keeps it; strict, since we wrote it ourselves. */
export const StoredJobSpec = z.strictObject({
  name: z.string(),
  kind: z.enum(['work', 'verify']),
  taskId: z.string(),
  attempt: z.int(),
  round: z.int(),
  phases: z.array(Phase),
  isolation: z.enum(['bubblewrap', 'none', 'pod']),
  image: z.string().nullable(),
  limits: SandboxLimits,
  pod: PodShape.nullable().default(null),
  deadlineMs: z.int(),
  toolEnv: z.record(z.string(), z.string()),
});
export type StoredJobSpec = z.infer<typeof StoredJobSpec>;

function phasesOf(kind: 'work' | 'verify', hasSetup: boolean): readonly Phase[] {
  const last: Phase[] = kind === 'work' ? ['work'] : ['verify', 'deliver'];
  return ['fetch', ...(hasSetup ? (['setup'] as const) : []), ...last];
}

function setupMs(pin: Pin): number {
  return pin.config.setup.length > 0 ? pin.config.setupTimeoutMs : 0;
}
