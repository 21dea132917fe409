/** Recomputes a task's hash chain: what `task show` and an auditor run to see that nothing was changed or cut. */
import { canonicalJson, digestOf } from '../shared/digest.ts';
import type { Db } from '../task/open-database.ts';
import { CHAIN_START } from './chain-start.ts';

/** `brokenAt` is the first sequence number that does not fit, or null. `head` is the last hash as stored. */
export interface ChainState {
  readonly events: number;
  readonly intact: boolean;
  readonly brokenAt: number | null;
  readonly head: string;
}

/** One stored event. */
export interface ChainRow {
  readonly seq: number;
  readonly at: Date;
  readonly type: string;
  readonly data: unknown;
  readonly previous_hash: string;
  readonly hash: string;
}

/** Reads and verifies one task's chain. With `expectedHead` (from the commit or the sink) a cut tail shows too. */
export async function verifyChain(
  db: Db,
  taskId: string,
  expectedHead: string | null = null,
): Promise<ChainState> {
  const rows = await db
    .selectFrom('audit_event')
    .select(['seq', 'at', 'type', 'data', 'previous_hash', 'hash'])
    .where('task_id', '=', taskId)
    .orderBy('seq')
    .execute();
  return checkRows(rows, expectedHead);
}

/** The same on rows already read; pure. */
function checkRows(rows: readonly ChainRow[], expectedHead: string | null): ChainState {
  let previous = CHAIN_START;
  let passedExpected = expectedHead === null || expectedHead === CHAIN_START;
  for (const [index, row] of rows.entries()) {
    if (row.seq !== index + 1 || row.previous_hash !== previous || hashOf(row) !== row.hash) {
      return { events: rows.length, intact: false, brokenAt: row.seq, head: previous };
    }
    previous = row.hash;
    passedExpected ||= row.hash === expectedHead;
  }
  return {
    events: rows.length,
    intact: passedExpected,
    brokenAt: passedExpected ? null : rows.length + 1,
    head: previous,
  };
}

function hashOf(row: ChainRow): string {
  const { seq, type, data } = row;
  return digestOf(canonicalJson({ at: row.at.toISOString(), seq, previous: row.previous_hash, type, data }));
}
