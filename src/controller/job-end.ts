/**
 * How a job or its verify phase ended, from what the adapter saw outside it: by its own limits (that is the work's
 * doing, and judged), in good order, or otherwise (that is ours: lost, and done again). Never from an exit code.
 */
import type { JobRecord, SeenPhase } from '../task/record.ts';

/** `limit`: which, and in which phase. `done`: every phase completed. `lost`: anything else, the machine's end included. */
export type JobEnd =
  | { readonly kind: 'limit'; readonly limit: string; readonly phase: string }
  | { readonly kind: 'done' }
  | { readonly kind: 'lost'; readonly phase: string };

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
  const broken = phases.find((phase) => phase.reason !== 'completed');
  return { kind: 'lost', phase: broken?.phase ?? job.phase ?? 'start' };
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

/** A fetch that ran out of time waited for us or for the host: that is nobody's own limit. */
function endedByLimit(phase: SeenPhase): boolean {
  if (phase.reason === null || !OWN_LIMITS.has(phase.reason)) return false;
  return phase.phase !== 'fetch' || (phase.reason !== 'time' && phase.reason !== 'deadline');
}

function limitName(phase: SeenPhase): string {
  return phase.reason === 'deadline' ? 'time' : (phase.reason ?? 'time');
}
