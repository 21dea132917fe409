/**
 * Reads a task's rounds with what their verify jobs delivered: of several verify jobs of one round the last one with
 * base results counts, and new cells only where they were delivered for the sealed digest.
 */
import type { Selectable } from 'kysely';
import { BaseResults, type CellResult, NewResults } from '../../result/contract/cell.ts';
import { Digest } from '../../shared/digest.ts';
import type { JobTable, RoundTable } from '../database.ts';
import type { Db } from '../open-database.ts';
import type { Round } from '../task.ts';
import { getBlob } from './get-blob.ts';

/** The rounds of one attempt, in order. Errors: `blob-missing`. */
export async function loadRounds(db: Db, taskId: string, attempt: number): Promise<readonly Round[]> {
  const rows = await db
    .selectFrom('round')
    .selectAll()
    .where('task_id', '=', taskId)
    .where('attempt', '=', attempt)
    .orderBy('number')
    .execute();
  const rounds: Round[] = [];
  for (const row of rows) rounds.push(await withCells(db, row));
  return rounds;
}

/** One round, or null where it never began. Errors: `blob-missing`. */
export async function loadRound(
  db: Db,
  key: { readonly taskId: string; readonly attempt: number; readonly round: number },
): Promise<Round | null> {
  const row = await db
    .selectFrom('round')
    .selectAll()
    .where('task_id', '=', key.taskId)
    .where('attempt', '=', key.attempt)
    .where('number', '=', key.round)
    .executeTakeFirst();
  return row ? withCells(db, row) : null;
}

async function withCells(db: Db, row: Selectable<RoundTable>): Promise<Round> {
  const job = await db
    .selectFrom('job')
    .select(['base_results', 'new_results'])
    .where('task_id', '=', row.task_id)
    .where('attempt', '=', row.attempt)
    .where('round', '=', row.number)
    .where('kind', '=', 'verify')
    .where('base_results', 'is not', null)
    .orderBy('number', 'desc')
    .executeTakeFirst();
  return {
    ...roundOfRow(row),
    baseCells: job ? await baseCells(db, job) : null,
    newCells: job ? await newCells(db, job, row.sealed_digest) : null,
  };
}

function roundOfRow(row: Selectable<RoundTable>): Omit<Round, 'baseCells' | 'newCells'> {
  return {
    taskId: row.task_id,
    attempt: row.attempt,
    number: row.number,
    resumeDigest: digestOrNull(row.resume_digest),
    followsRound: row.follows_round,
    lost: row.lost,
    lastUploadDigest: digestOrNull(row.last_upload_digest),
    sealedDigest: digestOrNull(row.sealed_digest),
    sealedBy: row.sealed_by === 'work' || row.sealed_by === 'controller' ? row.sealed_by : null,
    workEnd: row.work_end,
    narrative: row.narrative,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}

type ResultDigests = Pick<Selectable<JobTable>, 'base_results' | 'new_results'>;

async function baseCells(db: Db, job: ResultDigests): Promise<readonly CellResult[] | null> {
  if (!job.base_results) return null;
  return BaseResults.parse(await readJson(db, job.base_results)).cells;
}

async function newCells(
  db: Db,
  job: ResultDigests,
  sealed: string | null,
): Promise<readonly CellResult[] | null> {
  if (!job.new_results) return null;
  const results = NewResults.parse(await readJson(db, job.new_results));
  return results.digest === sealed ? results.cells : null;
}

async function readJson(db: Db, digest: string): Promise<unknown> {
  return JSON.parse(Buffer.from(await getBlob(db, Digest.parse(digest))).toString('utf8'));
}

function digestOrNull(text: string | null): Digest | null {
  return text === null ? null : Digest.parse(text);
}
