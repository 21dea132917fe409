/** The intent rows of a task's status comment: the newest one stands for the comment that is there. */
import { GloveboxError } from '../shared/errors.ts';
import type { Db } from '../task/open-database.ts';

/** Comments that one task makes at most: who deletes it again and again does not want it. */
const MAX_COMMENTS = 3;

/** The key of a task's first status comment; later ones are `2` and `3`. */
export const FIRST_STATUS_KEY = '';

/** The comment as the record has it; `commentId` null: in the making. */
export interface StatusIntent {
  readonly key: string;
  readonly commentId: string | null;
  readonly digest: string | null;
  readonly createdAt: Date;
  /** The last edit, in milliseconds since creation; 0 where there was none. */
  readonly lastEditMs: number;
}

/** The newest one, or null before the first. */
export async function readStatusIntent(db: Db, taskId: string): Promise<StatusIntent | null> {
  const row = await db
    .selectFrom('intent')
    .select(['key', 'external_id', 'body_digest', 'created_at', 'last_edit_ms'])
    .where('task_id', '=', taskId)
    .where('surface', '=', 'status')
    .orderBy('key', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row) return null;
  return {
    key: row.key,
    commentId: row.external_id,
    digest: row.body_digest,
    createdAt: row.created_at,
    lastEditMs: row.last_edit_ms,
  };
}

/** The key of the comment after one that is gone; null where the task made enough of them. */
export function nextStatusKey(key: string): string | null {
  const number = key === FIRST_STATUS_KEY ? 1 : Number(key);
  return number < MAX_COMMENTS ? String(number + 1) : null;
}

/** Notes what the comment holds now. Error `intent-missing`. */
export async function recordEdit(
  db: Db,
  which: { readonly taskId: string; readonly key: string },
  made: { readonly digest: string; readonly lastEditMs: number },
): Promise<void> {
  const changed = await db
    .updateTable('intent')
    .set({ body_digest: made.digest, last_edit_ms: made.lastEditMs })
    .where('task_id', '=', which.taskId)
    .where('surface', '=', 'status')
    .where('key', '=', which.key)
    .executeTakeFirst();
  if (changed.numUpdatedRows === 1n) return;
  throw new GloveboxError({
    code: 'intent-missing',
    message: `The status comment of task ${which.taskId} has no intent row: it was deleted from the store.`,
  });
}
