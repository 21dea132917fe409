/** Ends a reservation in one statement: the row gets its final state, and every scope gives back what was held. */
import { type RawBuilder, sql } from 'kysely';
import type { NanoUsd } from '../shared/money.ts';
import type { Db } from '../task/open-database.ts';

/** A row's end. `usage` is what `task-cost` reads, as JSON text. */
export interface RowEnd {
  readonly rowId: string;
  readonly state: 'exact' | 'bounded' | 'released';
  readonly nanoUsd: NanoUsd;
  readonly usageJson: string | null;
  readonly flags: readonly string[];
  readonly status: number | null;
  readonly upstreamRequestId: string | null;
}

/**
 * Settles a row that is still reserved; false when it was settled before (the lease ran out), which then stands.
 * Scopes are locked in id order, as `reserve` does.
 */
export async function settle(db: Db, end: RowEnd): Promise<boolean> {
  const { rows } = await sql<{ settled: boolean }>`
    with ${settling(end)} select exists (select 1 from ended) as settled`.execute(db);
  return rows[0]?.settled ?? false;
}

/** The settlement as parts of a `with`, for a statement that also writes something else. */
export function settling(end: RowEnd): RawBuilder<unknown> {
  return sql`ended as (
    update ledger_row set state = ${end.state}, settled_nano_usd = ${String(end.nanoUsd)}::int8,
      usage = ${end.usageJson}::jsonb, flags = ${[...end.flags]}::text[], status = ${end.status}::int,
      upstream_request_id = ${end.upstreamRequestId}, settled_at = now()
    where id = ${end.rowId} and state = 'reserved'
    returning scopes, reserved_nano_usd
  ), moved as (
    update ledger_scope s
    set reserved_nano_usd = s.reserved_nano_usd - (select reserved_nano_usd from ended),
      spent_nano_usd = s.spent_nano_usd + ${String(end.nanoUsd)}::int8
    from (
      select id from ledger_scope where id = any ((select scopes from ended)::text[]) order by id for update
    ) locked
    where s.id = locked.id
  )`;
}

/** Gives back the money of a call that was never sent. */
export async function release(db: Db, rowId: string): Promise<boolean> {
  const none = { nanoUsd: 0n, usageJson: null, flags: [], status: null, upstreamRequestId: null };
  return settle(db, { rowId, state: 'released', ...none });
}
