/**
 * Asked before a task leaves admission: is a day's or month's cap used up already? Then the task is refused at once,
 * instead of starting a sandbox whose first call would meet the same cap. Reservations in flight do not count: they end.
 */
import type { Caps } from '../config/model-price.ts';
import type { NanoUsd } from '../shared/money.ts';
import type { Db } from '../task/open-database.ts';
import { NO_CAP, type Payer, scopeEndsAt, scopesOf } from './scopes-of.ts';

/** A cap without room for the smallest call. `freeAt`: when its period ends, Unix milliseconds. */
export interface SpentCap {
  /** As in the ledger, e.g. `team:web:day:2026-11-21`. */
  readonly scopeId: string;
  readonly spentNanoUsd: NanoUsd;
  readonly capNanoUsd: NanoUsd;
  readonly freeAt: number;
}

/** Whose money, under which caps, when; `leastCallNanoUsd` is what the smallest call of the task's model can cost. */
export interface SpentCapQuestion {
  readonly payer: Payer;
  readonly caps: Caps;
  readonly nowMs: number;
  readonly leastCallNanoUsd: NanoUsd;
}

/** The spent cap that is free again last, or null where every cap has room. Errors: the store's. */
export async function spentCap(db: Db, question: SpentCapQuestion): Promise<SpentCap | null> {
  const { payer, caps, nowMs, leastCallNanoUsd } = question;
  const capped = new Map(
    scopesOf(payer, caps, nowMs)
      .filter((scope) => scope.capNanoUsd !== NO_CAP && scopeEndsAt(scope.id) !== null)
      .map((scope) => [scope.id, scope.capNanoUsd]),
  );
  if (capped.size === 0) return null;
  const rows = await db
    .selectFrom('ledger_scope')
    .select(['id', 'spent_nano_usd'])
    .where('id', 'in', [...capped.keys()])
    .execute();
  const spent = rows
    .map((row) => ({
      scopeId: row.id,
      spentNanoUsd: row.spent_nano_usd,
      capNanoUsd: capped.get(row.id) ?? 0n,
      freeAt: scopeEndsAt(row.id) ?? nowMs,
    }))
    .filter((scope) => scope.capNanoUsd - scope.spentNanoUsd < leastCallNanoUsd);
  return spent.toSorted((a, b) => b.freeAt - a.freeAt)[0] ?? null;
}
