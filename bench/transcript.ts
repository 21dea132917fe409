/**
 * What a 64-turn conversation takes in the store against its unique content: every request carries all of the
 * conversation so far, and only what is new may be stored. Rows are counted with all their columns, indexes apart.
 */
import { hash } from 'node:crypto';
import { sql } from 'kysely';
import { readMessage } from '../src/gateway/model/read-message.ts';
import { unpackChunk } from '../src/gateway/transcript/chunk.ts';
import { recordCall } from '../src/gateway/transcript/record-call.ts';
import { StoredChunks } from '../src/gateway/transcript/stored-chunks.ts';
import { reserve } from '../src/ledger/reserve.ts';
import { type Db, openDatabase } from '../src/task/open-database.ts';
import { databaseLife } from '../src/task/store/database-life.ts';
import { reservation } from '../test/builders/ledger.ts';
import type { Ratio } from './ratio.ts';

const TURNS = 64;
const asIs = (text: string) => text;

/** Measures on an embedded store. */
export async function benchTranscript(): Promise<readonly Ratio[]> {
  const store = await openDatabase({ kind: 'pglite', folder: 'memory' });
  try {
    const { uniqueBytes, sentBytes } = await converse(store.db);
    const { stored, plain } = await storedBytes(store.db);
    const rounded = (bytes: number) => `${Math.round(bytes / 1_000)} KB`;
    const detail = `${TURNS} turns, ${rounded(uniqueBytes)} unique of ${rounded(sentBytes)} sent`;
    return [
      {
        label: 'transcript stored, deflated',
        value: stored / uniqueBytes,
        unit: 'x',
        goal: 1.2,
        good: 'at-most',
        detail: `${rounded(stored)} in rows; ${detail}`,
      },
      {
        label: 'transcript stored, were nothing deflated',
        value: plain / uniqueBytes,
        unit: 'x',
        goal: 1.2,
        good: 'at-most',
        detail: `${rounded(plain)} in rows; ${detail}`,
      },
    ];
  } finally {
    await store.close();
  }
}

async function converse(db: Db): Promise<{ uniqueBytes: number; sentBytes: number }> {
  const stored = new StoredChunks(10_000);
  const messages = [message('user', 'Resolve issue 42: parseDuration drops the minutes of 1h30m.')];
  const headText = JSON.stringify({ model: 'claude-sonnet-4-6', system: lines(30), tools: [lines(60)] });
  const head = { digest: hash('sha256', headText), text: headText };
  const unique = new Map([[head.digest, headText.length]]);
  let sentBytes = 0;
  let parent: { callId: string; messages: number } | null = null;
  for (let turn = 0; turn < TURNS; turn += 1) {
    const callId = `call-${turn}`;
    const answer = message('assistant', `I look at file ${turn}. ${lines(3 + (turn % 5))}`);
    for (const each of [...messages, answer]) unique.set(each.digest, each.bytes);
    sentBytes += headText.length + messages.reduce((sum, each) => sum + each.bytes, 0);
    await reserve({ db }, reservation({ rowId: callId, scopes: [{ id: 'bench', capNanoUsd: 10n ** 15n }] }));
    const record = { id: callId, taskId: 'bbbbbb', attempt: 1, round: 1, head, parent, answer };
    await recordCall(
      { db, stored },
      { ...record, messages, answerId: `msg_${turn}`, stopReason: 'tool_use' },
    );
    stored.confirm(stored.mark(), await databaseLife(db));
    parent = { callId, messages: messages.length };
    messages.push(answer, message('user', `toolu_${turn}: ${lines(10 + ((turn * 7) % 60))}`));
  }
  return { uniqueBytes: [...unique.values()].reduce((sum, bytes) => sum + bytes, 0), sentBytes };
}

function message(role: string, text: string) {
  const read = readMessage({ role, content: [{ type: 'text', text }] }, asIs);
  return { ...read, bytes: Buffer.byteLength(read.text ?? '') };
}

let line = 0;

/** Lines of code that never repeat. */
function lines(count: number): string {
  return Array.from({ length: count }, () => {
    line += 1;
    return `export const value${line} = parse(input.slice(${line * 7}, ${line * 13}), '${hash('sha1', String(line))}');`;
  }).join('\n');
}

async function storedBytes(db: Db): Promise<{ stored: number; plain: number }> {
  const calls = await sum(db, sql`select sum(pg_column_size(t.*))::int as bytes from transcript_call t`);
  const chunks = await sum(db, sql`select sum(pg_column_size(t.*))::int as bytes from transcript_chunk t`);
  const packed = await sum(db, sql`select sum(length(bytes))::int as bytes from transcript_chunk`);
  const rows = await db.selectFrom('transcript_chunk').selectAll().execute();
  const unpacked = rows.reduce((total, row) => total + Buffer.byteLength(unpackChunk(row)), 0);
  return { stored: calls + chunks, plain: calls + chunks - packed + unpacked };
}

async function sum(db: Db, query: ReturnType<typeof sql>): Promise<number> {
  const { rows } = await sql<{ bytes: number }>`${query}`.execute(db);
  return rows[0]?.bytes ?? 0;
}
