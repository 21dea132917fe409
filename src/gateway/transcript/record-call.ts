/**
 * Stores one call's transcript: texts by their digest, each once, and a row that names its parent call and only the
 * messages after it, so that what is stored grows with the conversation and not with its square.
 */
import { sql } from 'kysely';
import { type RowEnd, settling } from '../../ledger/settle.ts';
import type { Db } from '../../task/open-database.ts';
import { type Chunk, packChunk } from './chunk.ts';

/** A text and its SHA-256 in hex; the text is dropped once it is stored. */
export interface ChunkSource {
  readonly digest: string;
  text: string | null;
}

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

/** Digests known to be stored, so that they are not packed and sent again; bounded. */
export class StoredChunks {
  private readonly digests = new Set<string>();
  private readonly maxEntries: number;

  constructor(maxEntries: number) {
    this.maxEntries = maxEntries;
  }

  has(digest: string): boolean {
    return this.digests.has(digest);
  }

  add(digest: string): void {
    if (this.digests.size >= this.maxEntries) this.digests.clear();
    this.digests.add(digest);
  }
}

/** Writes a call and the texts that are new, in one statement; with `end`, its settlement too: all of it or nothing. */
export async function recordCall(
  deps: { readonly db: Db; readonly stored: StoredChunks },
  record: CallRecord,
  end: RowEnd | null = null,
): Promise<void> {
  const added = record.messages.slice(record.parent?.messages ?? 0);
  const sources = [record.head, ...added, ...(record.answer === null ? [] : [record.answer])];
  const chunks = newChunks(deps.stored, sources);
  await sql`
    with ${end === null ? sql`` : sql`${settling(end)},`} chunks as (${chunkInsert(chunks)})
    insert into transcript_call (id, task_id, attempt, round, parent_id, inherited, messages, marks, head, answer,
      answer_id, stop_reason)
    values (${record.id}, ${record.taskId}, ${record.attempt}, ${record.round}, ${record.parent?.callId ?? null},
      ${record.parent?.messages ?? 0}, ${Buffer.from(added.map((each) => each.digest).join(''), 'hex')},
      ${marksOf(record.messages)}, ${Buffer.from(record.head.digest, 'hex')},
      ${record.answer === null ? null : Buffer.from(record.answer.digest, 'hex')}::bytea,
      ${record.answerId}, ${record.stopReason})
    on conflict (id) do nothing
  `.execute(deps.db);
  for (const source of sources) {
    source.text = null;
    deps.stored.add(source.digest);
  }
}

/** Sorted by digest, so that two writers of the same texts cannot wait for each other. */
function newChunks(stored: StoredChunks, sources: readonly ChunkSource[]): readonly Chunk[] {
  const chunks = new Map<string, Chunk>();
  for (const { digest, text } of sources) {
    if (text !== null && !stored.has(digest)) chunks.set(digest, packChunk(digest, text));
  }
  return [...chunks.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, chunk]) => chunk);
}

function chunkInsert(chunks: readonly Chunk[]) {
  if (chunks.length === 0) return sql`select 1`;
  const rows = chunks.map(
    (chunk) => sql`(${chunk.digest}::bytea, ${chunk.deflated}::boolean, ${chunk.bytes}::bytea)`,
  );
  return sql`insert into transcript_chunk (digest, deflated, bytes) values ${sql.join(rows)} on conflict do nothing`;
}

/** `3:0 3:2.1=1h`: message and place of each cache mark. */
function marksOf(messages: readonly MessageSource[]): string | null {
  const marks = messages.flatMap(({ marks: places }, index) =>
    places === '' ? [] : places.split(' ').map((place) => `${index}:${place}`),
  );
  return marks.length === 0 ? null : marks.join(' ');
}
