/**
 * Stores one call's transcript: texts by their digest, each once, and a row that names its parent call and only the
 * messages after it, so that what is stored grows with the conversation and not with its square.
 */
import { CompiledQuery } from 'kysely';
import { type RowEnd, settleParameters } from '../../ledger/settle.ts';
import type { Db } from '../../task/open-database.ts';
import { type PackedText, packText } from './chunk.ts';
import type { ChunkSource, StoredChunks } from './stored-chunks.ts';

/** One message of a request. */
export interface MessageSource extends ChunkSource {
  /** Where its cache marks were. */
  readonly marks: string;
}

/** One call as it is recorded. */
export interface CallRecord {
  /** The ledger row's id. */
  readonly id: string;
  readonly taskId: string;
  readonly attempt: number;
  readonly round: number;
  readonly head: ChunkSource;
  readonly messages: readonly MessageSource[];
  readonly parent: { readonly callId: string; readonly messages: number } | null;
  readonly answer: ChunkSource | null;
  readonly answerId: string | null;
  readonly stopReason: string | null;
}

/** The functions stand in migration 0009. */
const RECORD = `select record_call($1, $2, $3::int, $4::int, $5, $6::int, $7, $8, $9, $10, $11, $12,
  $13::text[], $14::boolean[], $15::text[]) as life`;
const END = `select end_call($1, $2, $3::bigint, $4::jsonb, $5::text[], $6::int, $7, $8, $9::int, $10::int, $11,
  $12::int, $13, $14, $15, $16, $17, $18, $19::text[], $20::boolean[], $21::text[]) as life`;

/**
 * Writes a call and the texts that are new; with `end`, its settlement too: all of it or nothing, and then without waiting
 * for the disk. A call whose parent's record was lost is recorded with all of its messages.
 */
export async function recordCall(
  deps: { readonly db: Db; readonly stored: StoredChunks },
  record: CallRecord,
  end: RowEnd | null = null,
): Promise<void> {
  if (await tryRecord(deps, record, end)) return;
  await tryRecord(deps, { ...record, parent: null }, end);
}

async function tryRecord(
  deps: { readonly db: Db; readonly stored: StoredChunks },
  record: CallRecord,
  end: RowEnd | null,
): Promise<boolean> {
  const added = record.messages.slice(record.parent?.messages ?? 0);
  const sources = [record.head, ...added, ...(record.answer === null ? [] : [record.answer])];
  const [, ...parameters] = recordParameters(record, added, newChunks(deps.stored, sources));
  const query: CompiledQuery<{ life: string | null }> =
    end === null
      ? CompiledQuery.raw(RECORD, [record.id, ...parameters])
      : CompiledQuery.raw(END, [...settleParameters(end), ...parameters]);
  const { rows } = await deps.db.executeQuery(query);
  const life = rows[0]?.life ?? null;
  if (life === null) return false;
  deps.stored.wrote(sources, life);
  return true;
}

function recordParameters(
  record: CallRecord,
  added: readonly MessageSource[],
  chunks: readonly (readonly [digest: string, PackedText])[],
): unknown[] {
  return [
    record.id,
    record.taskId,
    record.attempt,
    record.round,
    record.parent?.callId ?? null,
    record.parent?.messages ?? 0,
    added.map((each) => each.digest).join(''),
    marksOf(record.messages),
    record.head.digest,
    record.answer?.digest ?? null,
    record.answerId,
    record.stopReason,
    chunks.map(([digest]) => digest),
    chunks.map(([, packed]) => packed.deflated),
    chunks.map(([, packed]) => Buffer.from(packed.bytes).toString('hex')),
  ];
}

/** Sorted by digest, so that two writers of the same texts cannot wait for each other. */
function newChunks(
  stored: StoredChunks,
  sources: readonly ChunkSource[],
): readonly (readonly [digest: string, PackedText])[] {
  const chunks = new Map<string, PackedText>();
  for (const { digest, text } of sources) {
    if (text !== null && !stored.has(digest)) chunks.set(digest, packText(text));
  }
  return [...chunks.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** `3:0 3:2.1=1h`: message and place of each cache mark. */
function marksOf(messages: readonly MessageSource[]): string | null {
  const marks = messages.flatMap(({ marks: places }, index) =>
    places === '' ? [] : places.split(' ').map((place) => `${index}:${place}`),
  );
  return marks.length === 0 ? null : marks.join(' ');
}
