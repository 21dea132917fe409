/** Ends a reservation in one statement: the row gets its final state, and every scope gives back what was held. */
import { CompiledQuery } from 'kysely';
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

/** The function stands in migration 0009; a settlement by itself waits until it is on disk. */
const SETTLE = 'select settle_call($1, $2, $3::bigint, $4::jsonb, $5::text[], $6::int, $7) as settled';

/** Settles a row that is still reserved; false when it was settled before (the lease ran out), which then stands. */
export async function settle(db: Db, end: RowEnd): Promise<boolean> {
  const query: CompiledQuery<{ settled: boolean }> = CompiledQuery.raw(SETTLE, settleParameters(end));
  const { rows } = await db.executeQuery(query);
  return rows[0]?.settled ?? false;
}

/** What `settle_call` takes, in its order; also for a statement that writes something else with it. */
export function settleParameters(end: RowEnd): unknown[] {
  return [
    end.rowId,
    end.state,
    String(end.nanoUsd),
    end.usageJson,
    end.flags,
    end.status,
    end.upstreamRequestId,
  ];
}

/** Gives back the money of a call that was never sent. */
export async function release(db: Db, rowId: string): Promise<boolean> {
  const none = { nanoUsd: 0n, usageJson: null, flags: [], status: null, upstreamRequestId: null };
  return settle(db, { rowId, state: 'released', ...none });
}
