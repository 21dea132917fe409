/** Closes a delivery: handled with a word about what came of it, or put off after a failure. */
import { sql } from 'kysely';
import type { Db } from '../open-database.ts';

/** Marks it handled, once; part of the transaction that admits a task, where there is one. */
export async function finishDelivery(db: Db, id: string, result: string): Promise<void> {
  await db
    .updateTable('delivery')
    .set({ handled_at: sql<Date>`now()`, result, last_error: null })
    .where('id', '=', id)
    .where('handled_at', 'is', null)
    .execute();
}

/** Puts it off by `delayMs`, and counts the failure. `error` is for operators, cut to 500 characters. */
export async function putOffDelivery(
  db: Db,
  id: string,
  failure: { readonly error: string; readonly delayMs: number },
): Promise<void> {
  await db
    .updateTable('delivery')
    .set({
      failures: sql<number>`failures + 1`,
      last_error: failure.error.slice(0, 500),
      retry_at: sql<Date>`now() + ${failure.delayMs}::int * interval '1 millisecond'`,
    })
    .where('id', '=', id)
    .where('handled_at', 'is', null)
    .execute();
}
