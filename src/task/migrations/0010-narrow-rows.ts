/**
 * Rows of tasks and jobs carry documents (snapshot, pin, spec) that never change, beside columns that change with every
 * step: they move out of the row, so that neither a step copies them nor a look over all tasks reads past them.
 */
import { type Kysely, sql } from 'kysely';

/** Bytes of a row above which PostgreSQL moves its longest values out (its own default: 2,000). */
const ROW_BYTES = 256;

/** Holds for rows as they are written from now on. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const table of ['task', 'job']) {
    await sql`alter table ${sql.table(table)} set (toast_tuple_target = ${sql.lit(ROW_BYTES)})`.execute(db);
  }
}
