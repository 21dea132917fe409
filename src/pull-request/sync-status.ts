/**
 * Brings a task's one status comment up to date: created once, edited in slots, the latest text wins, equal text is not
 * sent. Where somebody deleted it, it is made anew, twice at most. An ending without pull request also posts one sentence,
 * since edits notify nobody; it is posted whatever becomes of the comment.
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
import {
  FIRST_STATUS_KEY,
  nextStatusKey,
  readStatusIntent,
  recordEdit,
  type StatusIntent,
} from './status-intent.ts';
import { endingSentence, statusText } from './status-text.ts';
import type { StatusView } from './status-view.ts';

export interface SyncDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly github: Pick<PublishGitHub, 'createComment' | 'editComment' | 'listOwnComments'>;
  readonly markerKey: Uint8Array;
  readonly redact: (text: string) => string;
}

/** A text on its way into the comment. */
interface Text {
  readonly view: StatusView;
  readonly body: string;
}

interface EditedText extends Text {
  readonly before: StatusIntent;
}

/** Answers when it wants to be called again, or null when nothing is pending. Errors: GitHub's, `recovery-too-early`. */
export async function syncStatus(deps: SyncDeps, lease: Lease, view: StatusView): Promise<Date | null> {
  const plain = statusText(view);
  if (plain === null) return null;
  const body = withMarker(deps.redact(plain), { taskId: view.task.id, surface: 'status' }, deps.markerKey);
  const before = await readStatusIntent(deps.db, view.task.id);
  if (!before?.commentId) {
    return createStatus(deps, lease, { view, body, key: before?.key ?? FIRST_STATUS_KEY });
  }
  const due = before.createdAt.getTime() + nextSlotMs(before.lastEditMs);
  if (view.task.state !== 'ended' && deps.clock.now() < due) return new Date(due);
  return bringUpToDate(deps, lease, { view, body, before });
}

/** Edits the comment where its text is another one; the ending is told also where that fails. */
async function bringUpToDate(deps: SyncDeps, lease: Lease, text: EditedText): Promise<Date | null> {
  const { view, body, before } = text;
  try {
    if (before.digest !== digestOf(body)) await edit(deps, lease, text);
  } catch (error) {
    const key = isGone(error) ? nextStatusKey(before.key) : null;
    if (key !== null) return createStatus(deps, lease, { view, body, key });
    await endingOnce(deps, lease, view);
    if (isGone(error)) return null; // unwanted: tried again with the next state
    throw error;
  }
  await endingOnce(deps, lease, view);
  return follow(deps, view, deps.clock.now() - before.createdAt.getTime());
}

/** The comment was deleted, or the issue with it: no later edit of it can succeed. */
function isGone(error: unknown): boolean {
  if (!(error instanceof GloveboxError) || error.code !== 'github-refused') return false;
  return error.values['status'] === 404 || error.values['status'] === 410;
}

function follow(deps: SyncDeps, view: StatusView, sinceCreationMs: number): Date | null {
  if (view.task.state === 'ended') return null;
  return new Date(deps.clock.now() + nextSlotMs(sinceCreationMs) - sinceCreationMs);
}

async function createStatus(
  deps: SyncDeps,
  lease: Lease,
  { view, body, key }: Text & { readonly key: string },
): Promise<Date | null> {
  await postOnce(deps, lease, {
    taskId: view.task.id,
    surface: 'status',
    key,
    find: (since) => findOwn(deps, view, { since, surface: 'status' }),
    create: async () => String(await deps.github.createComment(view.task.issueNumber, body)),
  });
  await recordEdit(deps.db, { taskId: view.task.id, key }, { digest: digestOf(body), lastEditMs: 0 });
  return follow(deps, view, 0);
}

async function edit(deps: SyncDeps, lease: Lease, { view, body, before }: EditedText): Promise<void> {
  await lease.check();
  await deps.github.editComment(Number(before.commentId), body);
  const lastEditMs = Math.max(1, deps.clock.now() - before.createdAt.getTime());
  await recordEdit(
    deps.db,
    { taskId: view.task.id, key: before.key },
    { digest: digestOf(body), lastEditMs },
  );
}

/** Does nothing while the task runs, and where its end needs no sentence. */
async function endingOnce(deps: SyncDeps, lease: Lease, view: StatusView): Promise<void> {
  const sentence = view.task.state === 'ended' ? endingSentence(view) : null;
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
