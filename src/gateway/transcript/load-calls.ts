/** Loads recorded calls with their full list of message digests: each row holds only what its parent call does not. */
import type { Db } from '../../task/open-database.ts';
import { unpackChunk } from './chunk.ts';

const DIGEST_BYTES = 32;

/** One recorded call; digests are hex. */
export interface LoadedCall {
  readonly id: string;
  readonly attempt: number;
  readonly round: number;
  readonly parentId: string | null;
  readonly messages: readonly string[];
  readonly marks: string | null;
  readonly head: string;
  readonly answer: string | null;
  readonly answerId: string | null;
  readonly stopReason: string | null;
  readonly model: string;
  readonly status: number | null;
  readonly state: string;
  readonly usage: unknown;
  readonly nanoUsd: bigint | null;
  readonly requestId: string;
  readonly upstreamRequestId: string | null;
  readonly createdAt: Date;
}

/** A task's recorded calls in the order in which they were made; of one attempt, or of all. */
export async function loadCalls(
  db: Db,
  task: { taskId: string; attempt?: number | undefined },
): Promise<LoadedCall[]> {
  const rows = await selectCalls(db, task);
  const listOf = messageLists(rows);
  return rows.map((row) => ({
    id: row.id,
    attempt: row.attempt,
    round: row.round,
    parentId: row.parent_id,
    messages: listOf(row.id),
    marks: row.marks,
    head: Buffer.from(row.head).toString('hex'),
    answer: row.answer === null ? null : Buffer.from(row.answer).toString('hex'),
    answerId: row.answer_id,
    stopReason: row.stop_reason,
    model: row.model,
    status: row.status,
    state: row.state,
    usage: row.usage,
    nanoUsd: row.settled_nano_usd,
    requestId: row.request_id,
    upstreamRequestId: row.upstream_request_id,
    createdAt: row.created_at,
  }));
}

function selectCalls(db: Db, task: { taskId: string; attempt?: number | undefined }) {
  const query = db
    .selectFrom('transcript_call as c')
    .innerJoin('ledger_row as r', 'r.id', 'c.id')
    .selectAll('c')
    .select(['r.model', 'r.status', 'r.state', 'r.usage', 'r.settled_nano_usd', 'r.request_id'])
    .select(['r.upstream_request_id', 'r.created_at'])
    .where('c.task_id', '=', task.taskId)
    .orderBy('r.created_at')
    .orderBy('c.id');
  return (task.attempt === undefined ? query : query.where('c.attempt', '=', task.attempt)).execute();
}

type CallRow = Awaited<ReturnType<typeof selectCalls>>[number];

/** The full list of a call: its parent's first messages, then its own. Parents stand before their children. */
function messageLists(rows: readonly CallRow[]): (id: string) => readonly string[] {
  const lists = new Map<string, readonly string[]>();
  for (const row of rows) {
    const before = row.parent_id === null ? [] : (lists.get(row.parent_id) ?? []).slice(0, row.inherited);
    lists.set(row.id, [...before, ...digestsOf(row.messages)]);
  }
  return (id) => lists.get(id) ?? [];
}

function digestsOf(bytes: Uint8Array): string[] {
  const hex = Buffer.from(bytes).toString('hex');
  return Array.from({ length: bytes.length / DIGEST_BYTES }, (_, index) =>
    hex.slice(index * DIGEST_BYTES * 2, (index + 1) * DIGEST_BYTES * 2),
  );
}

/** Texts by digest (hex), parsed. Error `transcript-damaged`. */
export async function loadTexts(db: Db, digests: readonly string[]): Promise<ReadonlyMap<string, unknown>> {
  const texts = new Map<string, unknown>();
  const wanted = [...new Set(digests)];
  for (let from = 0; from < wanted.length; from += 500) {
    const keys = wanted.slice(from, from + 500).map((digest) => Buffer.from(digest, 'hex'));
    const rows = await db.selectFrom('transcript_chunk').selectAll().where('digest', 'in', keys).execute();
    for (const row of rows) texts.set(Buffer.from(row.digest).toString('hex'), JSON.parse(unpackChunk(row)));
  }
  return texts;
}
