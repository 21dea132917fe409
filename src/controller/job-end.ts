/**
 * How a job or its verify phase ended, from what the adapter saw outside it: by its own limits (that is the work's
 * doing, and judged), in good order, or otherwise (that is ours: lost, and done again). Never from an exit code.
 */
import type { Trouble } from '../job/sandbox.ts';
import type { JobRecord, SeenPhase } from '../task/record.ts';

/** What took a lost job along, as far as the platform said; `unknown` where it said nothing. */
export type LostCause = 'evicted' | 'node-lost' | 'pod-deleted' | 'start-failed' | 'unknown';

/** Where and by what a job was lost. `message`: the platform's own words. `phase` is `start` before the first one. */
export interface Loss {
  readonly phase: string;
  readonly cause: LostCause;
  readonly message: string | null;
}

/** `limit`: which, and in which phase. `done`: every phase completed. `lost`: anything else, the machine's end included. */
export type JobEnd =
  | { readonly kind: 'limit'; readonly limit: string; readonly phase: string }
  | { readonly kind: 'done' }
  | ({ readonly kind: 'lost' } & Loss);

const OWN_LIMITS: ReadonlySet<string> = new Set([
  'memory',
  'time',
  'output',
  'disk',
  'processes',
  'deadline',
]);

/** Null while something of the job may run. */
export function jobEnd(job: JobRecord): JobEnd | null {
  if (!job.endedAt) return null;
  const phases = job.seen?.state === 'ended' ? job.seen.phases : [];
  const limited = phases.find(endedByLimit);
  if (limited) return { kind: 'limit', limit: limitName(limited), phase: limited.phase };
  if (phases.length > 0 && phases.every((phase) => phase.reason === 'completed')) return { kind: 'done' };
  return { kind: 'lost', ...lossOf(job) };
}

/** Where a job was lost, and what its platform had against it. */
export function lossOf(job: JobRecord): Loss {
  const phases = job.seen?.state === 'ended' ? job.seen.phases : [];
  const broken = phases.find((phase) => phase.reason !== 'completed');
  const trouble = job.seen?.trouble ?? null;
  const cause = trouble ? causeOf(trouble) : broken?.reason === 'start-failed' ? 'start-failed' : 'unknown';
  return {
    phase: broken?.phase ?? lastPhase(job),
    cause,
    message: cause === 'unknown' ? null : (trouble?.message ?? null),
  };
}

/** The furthest phase that spoke to us; verify has no token, and deliver speaks beside it. */
function lastPhase({ phase }: JobRecord): string {
  return phase === 'deliver' ? 'verify' : (phase ?? 'start');
}

/** How the verify phase ended, also while deliver still runs; null before. */
export function verifyEnd(job: JobRecord): 'limit' | 'done' | 'lost' | null {
  const phase = job.seen?.phases.find((seen) => seen.phase === 'verify');
  if (phase?.state === 'ended') {
    if (endedByLimit(phase)) return 'limit';
    return phase.reason === 'completed' ? 'done' : 'lost';
  }
  return job.endedAt ? 'lost' : null;
}

/** True when this phase ended, whatever the others do. */
export function phaseEnded(job: JobRecord, name: SeenPhase['phase']): boolean {
  return job.seen?.phases.some((seen) => seen.phase === name && seen.state === 'ended') ?? false;
}

/** What may pass or needs an operator took no job along: `trouble.ts` has those. */
function causeOf({ kind }: Trouble): LostCause {
  switch (kind) {
    case 'evicted':
    case 'node-lost':
    case 'pod-deleted':
    case 'start-failed':
      return kind;
    case 'unschedulable':
    case 'quota-full':
    case 'image-not-pulled':
    case 'admission-refused':
      return 'unknown';
    default:
      return kind satisfies never;
  }
}

/** A fetch that ran out of time waited for us or for the host: that is nobody's own limit. */
function endedByLimit(phase: SeenPhase): boolean {
  if (phase.reason === null || !OWN_LIMITS.has(phase.reason)) return false;
  return phase.phase !== 'fetch' || (phase.reason !== 'time' && phase.reason !== 'deadline');
}

function limitName(phase: SeenPhase): string {
  return phase.reason === 'deadline' ? 'time' : (phase.reason ?? 'time');
}
