/**
 * Places for sandboxes: in which namespace a task's jobs run, which jobs take a place there, and who waits for one. With
 * the store's own name, by which a sandbox outside the record says to whose record it belongs.
 */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `create table store_identity (
    one boolean primary key default true check (one),
    id text not null
  )`,
  // letters and digits only: it is a label's value
  `insert into store_identity (id) values (substr(replace(gen_random_uuid()::text, '-', ''), 1, 20))`,
  `alter table task
    add column namespace text,
    add column wait_rank int,
    add column wait_since timestamptz`,
  `create index task_waits on task (namespace, wait_rank, wait_since) where wait_rank is not null`,
  `alter table job
    add column namespace text,
    add column stop_asked_at timestamptz`,
  `create index job_places on job (namespace) where removed_at is null`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
