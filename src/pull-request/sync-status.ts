/**
 * Brings a task's one status comment up to date: created once, edited in slots, the latest text wins, equal text is not
 * sent. An ending without pull request also posts one sentence, since edits notify nobody.
 */
import type { Lease } from '../controller/ports.ts';
import type { Clock } from '../shared/clock.ts';
import { digestOf } from '../shared/digest.ts';
import { GloveboxError } from '../shared/errors.ts';
import type { Db } from '../task/open-database.ts';
import { nextSlotMs } from './edit-slots.ts';
import type { PublishGitHub } from './github.ts';
import { readMarker, withMarker } from './marker.ts';
import { postOnce } from './post-once.ts';
import { endingSentence, statusText } from './status-text.ts';
import type { StatusView } from './status-view.ts';

export interface SyncDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly github: Pick<PublishGitHub, 'createComment' | 'editComment' | 'listOwnComments'>;
  readonly markerKey: Uint8Array;
  readonly redact: (text: string) => string;
}

const SURFACE = { surface: 'status', key: '' } as const;

/** Answers when it wants to be called again, or null when nothing is pending. */
export async function syncStatus(deps: SyncDeps, lease: Lease, view: StatusView): Promise<Date | null> {
  const plain = statusText(view);
  if (plain === null) return null;
  const body = withMarker(deps.redact(plain), { taskId: view.task.id, surface: 'status' }, deps.markerKey);
  const before = await readStatusIntent(deps.db, view.task.id);
  if (!before?.commentId) {
    await createStatus(deps, lease, { view, body });
    return follow(deps, view, 0);
  }
  const ended = view.task.state === 'ended';
  const due = before.createdAt.getTime() + nextSlotMs(before.lastEditMs);
  if (!ended && deps.clock.now() < due) return new Date(due);
  if (before.digest !== digestOf(body)) await edit(deps, lease, { view, body, before });
  if (ended) await endingOnce(deps, lease, view);
  return follow(deps, view, deps.clock.now() - before.createdAt.getTime());
}

function follow(deps: SyncDeps, view: StatusView, sinceCreationMs: number): Date | null {
  if (view.task.state === 'ended') return null;
  return new Date(deps.clock.now() + nextSlotMs(sinceCreationMs) - sinceCreationMs);
}

async function createStatus(
  deps: SyncDeps,
  lease: Lease,
  want: { view: StatusView; body: string },
): Promise<void> {
  const { view, body } = want;
  await postOnce(deps, lease, {
    taskId: view.task.id,
    ...SURFACE,
    find: (since) => findOwn(deps, view, { since, surface: 'status' }),
    create: async () => String(await deps.github.createComment(view.task.issueNumber, body)),
  });
  await recordEdit(deps.db, view.task.id, { digest: digestOf(body), lastEditMs: 0 });
}

async function edit(
  deps: SyncDeps,
  lease: Lease,
  want: { view: StatusView; body: string; before: StatusIntent },
): Promise<void> {
  await lease.check();
  await deps.github.editComment(Number(want.before.commentId), want.body);
  const sinceCreationMs = deps.clock.now() - want.before.createdAt.getTime();
  await recordEdit(deps.db, want.view.task.id, {
    digest: digestOf(want.body),
    lastEditMs: Math.max(1, sinceCreationMs),
  });
}

async function endingOnce(deps: SyncDeps, lease: Lease, view: StatusView): Promise<void> {
  const sentence = endingSentence(view);
  if (sentence === null) return;
  const body = withMarker(deps.redact(sentence), { taskId: view.task.id, surface: 'ending' }, deps.markerKey);
  await postOnce(deps, lease, {
    taskId: view.task.id,
    surface: 'ending',
    key: '',
    find: (since) => findOwn(deps, view, { since, surface: 'ending' }),
    create: async () => String(await deps.github.createComment(view.task.issueNumber, body)),
  });
}

async function findOwn(
  deps: SyncDeps,
  view: StatusView,
  want: { since: Date; surface: string },
): Promise<string | null> {
  const own = await deps.github.listOwnComments(view.task.issueNumber, want.since);
  const match = own.find((comment) => {
    const marker = readMarker(comment.body, deps.markerKey);
    return marker?.taskId === view.task.id && marker.surface === want.surface;
  });
  return match ? String(match.id) : null;
}

interface StatusIntent {
  readonly commentId: string | null;
  readonly digest: string | null;
  readonly createdAt: Date;
  /** The last edit, in milliseconds since creation; 0 where there was none. */
  readonly lastEditMs: number;
}

async function readStatusIntent(db: Db, taskId: string): Promise<StatusIntent | null> {
  const row = await db
    .selectFrom('intent')
    .select(['external_id', 'body_digest', 'created_at', 'last_edit_ms'])
    .where('task_id', '=', taskId)
    .where('surface', '=', SURFACE.surface)
    .where('key', '=', SURFACE.key)
    .executeTakeFirst();
  if (!row) return null;
  return {
    commentId: row.external_id,
    digest: row.body_digest,
    createdAt: row.created_at,
    lastEditMs: row.last_edit_ms,
  };
}

async function recordEdit(
  db: Db,
  taskId: string,
  made: { digest: string; lastEditMs: number },
): Promise<void> {
  const changed = await db
    .updateTable('intent')
    .set({ body_digest: made.digest, last_edit_ms: made.lastEditMs })
    .where('task_id', '=', taskId)
    .where('surface', '=', SURFACE.surface)
    .where('key', '=', SURFACE.key)
    .executeTakeFirst();
  if (changed.numUpdatedRows === 1n) return;
  throw new GloveboxError({
    code: 'intent-missing',
    message: `The status comment of task ${taskId} has no intent row: it was deleted from the store.`,
  });
}
