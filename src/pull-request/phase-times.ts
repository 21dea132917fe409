/** How long each phase of a round's jobs took, from what was observed outside the sandbox. */
import { z } from 'zod';
import type { PhaseRow } from './status-view.ts';

/** The observed part of a job row (`JobObservation` as stored). */
const Observed = z.object({
  state: z.string().optional(),
  network: z.string(),
  notLimited: z.array(z.string()),
  phases: z.array(
    z.object({
      phase: z.string(),
      state: z.enum(['waiting', 'running', 'ended']),
      exitCode: z.number().nullable(),
      startedAt: z.number().nullable(),
      endedAt: z.number().nullable(),
    }),
  ),
  trouble: z.object({ kind: z.string(), message: z.string() }).nullish(),
});
export type Observed = z.infer<typeof Observed>;

/** A job row as this stage reads it. */
export interface JobRow {
  readonly kind: string;
  readonly observation: unknown;
  readonly base_results: string | null;
}

/** The stored observation, or null where nothing was observed yet. */
export function observed(job: JobRow): Observed | null {
  const parsed = Observed.safeParse(job.observation);
  return parsed.success ? parsed.data : null;
}

/** Rows of the phase table: fetch, setup and work of the work job, verify of the verify job. */
export function phaseRows(jobs: readonly JobRow[], nowMs: number): PhaseRow[] {
  const work = jobs.findLast((job) => job.kind === 'work');
  const verify = jobs.findLast((job) => job.kind === 'verify');
  const rows = work ? phasesOf(work, ['fetch', 'setup', 'work'], nowMs) : [];
  const judging = verify ? phasesOf(verify, ['verify'], nowMs) : [];
  const checked = verify !== undefined && verify.base_results !== null;
  return [
    ...rows,
    ...judging.map(
      (row): PhaseRow => (checked && row.state === 'running' ? { ...row, state: 'base checks done' } : row),
    ),
  ];
}

function phasesOf(job: JobRow, names: readonly string[], nowMs: number): PhaseRow[] {
  const phases = observed(job)?.phases ?? [];
  return phases
    .filter((entry) => names.includes(entry.phase))
    .map((entry) => ({
      phase: entry.phase,
      state: stateOf(entry),
      ms: entry.startedAt === null ? null : (entry.endedAt ?? nowMs) - entry.startedAt,
    }));
}

function stateOf(entry: Observed['phases'][number]): PhaseRow['state'] {
  if (entry.state !== 'ended') return entry.state;
  return entry.exitCode === 0 ? 'done' : 'failed';
}
