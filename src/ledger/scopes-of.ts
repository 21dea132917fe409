/** Which scopes a call is paid from, with their caps as they are now: pure. Days and months are UTC. */
import type { Caps, PeriodCaps } from '../config/model-price.ts';
import type { NanoUsd } from '../shared/money.ts';

/** Postgres' largest int8: "no cap here". */
export const NO_CAP: NanoUsd = 9_223_372_036_854_775_807n;

/** A scope's id and the cap that binds this reservation. */
export interface ScopeCap {
  readonly id: string;
  readonly capNanoUsd: NanoUsd;
}

/** Who pays for a task. */
export interface Payer {
  readonly taskId: string;
  readonly repositoryId: number;
  readonly installationId: number;
  readonly team: string | null;
  readonly taskBudgetNanoUsd: NanoUsd;
}

/**
 * The scopes of a call at `nowMs`, sorted by id (the order in which they are locked): `task:7k2m9q`,
 * `repository:7:day:2026-11-21`, `team:web:month:2026-11`, `organisation:9:day:2026-11-21`.
 */
export function scopesOf(payer: Payer, caps: Caps, nowMs: number): readonly ScopeCap[] {
  const team = payer.team === null ? undefined : caps.teams[payer.team];
  return [
    { id: `task:${payer.taskId}`, capNanoUsd: payer.taskBudgetNanoUsd },
    ...periods(`repository:${payer.repositoryId}`, caps.repository, nowMs),
    ...(payer.team === null ? [] : periods(`team:${payer.team}`, team ?? { day: null, month: null }, nowMs)),
    ...periods(`organisation:${payer.installationId}`, caps.organisation, nowMs),
  ].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** `repository:7:day:2026-11-21`. */
export function periodScopeId(owner: string, period: 'day' | 'month', nowMs: number): string {
  const day = new Date(nowMs).toISOString().slice(0, 10);
  return `${owner}:${period}:${period === 'day' ? day : day.slice(0, 7)}`;
}

function periods(owner: string, caps: PeriodCaps, nowMs: number): ScopeCap[] {
  return [
    { id: periodScopeId(owner, 'day', nowMs), capNanoUsd: caps.day ?? NO_CAP },
    { id: periodScopeId(owner, 'month', nowMs), capNanoUsd: caps.month ?? NO_CAP },
  ];
}

/** When a scope's period ends and its money is free again, Unix milliseconds; null for a task. */
export function scopeEndsAt(id: string): number | null {
  const [, period, when] = /:(day|month):(\d{4}-\d{2}(?:-\d{2})?)$/.exec(id) ?? [];
  if (period === undefined || when === undefined) return null;
  if (period === 'day') return Date.parse(`${when}T00:00:00Z`) + 86_400_000;
  const [year = 0, month = 0] = when.split('-').map(Number);
  return Date.UTC(year, month, 1);
}
