/**
 * Places for sandboxes in a namespace, by our own count: a full quota of the cluster would start a job half a minute late,
 * and says so to nobody. Every job takes a place with its row, before anything of it exists outside, until it is removed.
 * Whoever finds no place stands in line: what is sealed before new work, the longest waiting first.
 */
import { sql } from 'kysely';
import { GloveboxError } from '../../shared/errors.ts';
import type { Db } from '../open-database.ts';

/** Who asks for a place, where (null: this machine), how many there are, and how urgently: a lower rank goes first. */
export interface PlaceAsk {
  readonly taskId: string;
  readonly namespace: string | null;
  readonly pods: number;
  readonly rank: number;
}

/** Class of the advisory locks: places of one namespace are given by one transaction at a time. */
const PLACE_LOCK = 4_207_002;

/** True when a place is free that nobody before this task waits for. */
export async function hasPlace(db: Db, ask: PlaceAsk): Promise<boolean> {
  const { taken, ahead } = await db
    .selectNoFrom([
      sql<number>`(select count(*)::int from job where removed_at is null and ${inNamespace(ask)})`.as(
        'taken',
      ),
      sql<number>`(select count(*)::int from task where wait_rank is not null and ${inNamespace(ask)}
        and id <> ${ask.taskId} and (wait_rank, wait_since, id) < (
          ${ask.rank}::int,
          coalesce((select wait_since from task mine where mine.id = ${ask.taskId} and mine.wait_rank = ${ask.rank}::int), now()),
          ${ask.taskId}))`.as('ahead'),
    ])
    .executeTakeFirstOrThrow();
  return taken + ahead < ask.pods;
}

/**
 * Holds the place for the job row that this transaction inserts next, and leaves the line.
 * Errors: `place-taken` (decide again from a fresh record).
 */
export async function takePlace(trx: Db, ask: PlaceAsk): Promise<void> {
  await lockPlaces(trx, ask.namespace);
  if (!(await hasPlace(trx, ask))) throw placeTaken(ask);
  await trx
    .updateTable('task')
    .set({ wait_rank: null, wait_since: null })
    .where('id', '=', ask.taskId)
    .where('wait_rank', 'is not', null)
    .execute();
}

/** Stands in line, from now on; the status comment says so. `trx` must be a transaction that has locked the task's row. */
export async function standInLine(
  trx: Db,
  ask: Pick<PlaceAsk, 'taskId' | 'namespace' | 'rank'>,
): Promise<void> {
  await lockPlaces(trx, ask.namespace);
  await trx
    .updateTable('task')
    .set({
      wait_rank: ask.rank,
      wait_since: sql<Date>`now()`,
      surface_due_at: sql<Date>`least(surface_due_at, now())`,
    })
    .where('id', '=', ask.taskId)
    .execute();
}

async function lockPlaces(trx: Db, namespace: string | null): Promise<void> {
  await sql`select pg_advisory_xact_lock(${PLACE_LOCK}, hashtext(${namespace ?? ''}))`.execute(trx);
}

function inNamespace({ namespace }: Pick<PlaceAsk, 'namespace'>) {
  return namespace === null ? sql`namespace is null` : sql`namespace = ${namespace}`;
}

function placeTaken({ namespace, pods }: PlaceAsk): GloveboxError {
  return new GloveboxError({
    code: 'place-taken',
    message: `No place is free in namespace '${namespace ?? 'of this machine'}': expected one of ${pods}. The task stands in line for it.`,
    retry: true,
  });
}
