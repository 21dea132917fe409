/** What a status comment is written from, of a task that was just accepted. */
import type { StatusView } from '../../src/pull-request/status-view.ts';
import { buildTask } from './task-record.ts';

/** What an ended task's record says besides its outcome. */
export const ENDED = { state: 'ended', endedAt: new Date('2026-01-02T14:09:18.000Z') } as const;

/** Overrides are merged at the top level. */
export function buildStatusView(overrides: Partial<StatusView> = {}): StatusView {
  return {
    task: buildTask(),
    now: new Date('2026-01-02T14:07:02.000Z'),
    label: 'agent',
    queue: null,
    place: null,
    held: null,
    phases: [],
    calls: 0,
    spentNanoUsd: 0n,
    budgetNanoUsd: 2_000_000_000n,
    spentOn: [],
    spentCap: null,
    cutAfterMs: null,
    boundMinutes: 60,
    step: null,
    verdict: null,
    rounds: 1,
    narrative: null,
    totalMs: 256_000,
    ...overrides,
  };
}
