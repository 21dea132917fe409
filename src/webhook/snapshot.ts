/**
 * The issue as it was when it was asked for: title and body from the webhook's own payload, comments that were last
 * edited before it, by people who may start tasks. Bounded, stripped of what a reader does not see, and never read again.
 */
import type { RepoRef, Snapshot } from '../task/task.ts';
import type { IssueComment, IssueGitHub, PermissionAnswer } from './github.ts';
import type { RemovedKind } from './removal.ts';
import { sanitize, sanitizeLine } from './sanitize.ts';

/** Newest comments that are looked at. */
const MAX_COMMENTS = 50;
/** People whose permission is asked for the sake of their comments. */
const MAX_COMMENTERS = 10;
const MAX_TITLE = 300;
const MAX_BODY = 65_536;
/** Characters of all comments together; the newest count first. */
const MAX_COMMENT_TEXT = 65_536;

export interface SnapshotDeps {
  readonly github: Pick<IssueGitHub, 'listComments' | 'permissionOf'>;
}

/** The issue's text at the event. */
export interface SnapshotInput {
  readonly repo: RepoRef;
  readonly issueNumber: number;
  readonly title: string;
  readonly body: string | null;
  /** The event's time; what was edited at or after it is left out. */
  readonly askedAt: Date;
}

/** Takes the snapshot. Errors: GitHub's. */
export async function takeSnapshot(deps: SnapshotDeps, input: SnapshotInput): Promise<Snapshot> {
  const title = sanitizeLine(input.title.slice(0, MAX_TITLE));
  const body = sanitize((input.body ?? '').slice(0, MAX_BODY));
  const comments = await trustedComments(deps, input);
  const clean = comments.map((comment) => ({ comment, ...sanitize(comment.body.slice(0, MAX_BODY)) }));
  return {
    title: title.text,
    body: body.text,
    comments: withinBound(clean).map(({ comment, text }) => ({
      login: comment.login,
      createdAt: comment.createdAt.toISOString(),
      body: text,
    })),
    removed: joinKinds([title.removed, body.removed, ...clean.map((one) => one.removed)]),
    takenAt: input.askedAt.toISOString(),
  };
}

/** True when title and body say nothing once hidden parts are gone. */
export function isEmpty(snapshot: Snapshot): boolean {
  return snapshot.title === '' && snapshot.body === '';
}

async function trustedComments(
  { github }: SnapshotDeps,
  input: SnapshotInput,
): Promise<readonly IssueComment[]> {
  const all = await github.listComments(input.repo, input.issueNumber, MAX_COMMENTS);
  const before = all.filter((comment) => comment.userType === 'User' && comment.updatedAt < input.askedAt);
  const logins = [...new Map(before.map((comment) => [comment.userId, comment.login] as const))];
  const trusted = new Set<number>();
  for (const [id, login] of logins.slice(-MAX_COMMENTERS)) {
    if (mayStart(await github.permissionOf(input.repo, login), id)) trusted.add(id);
  }
  return before.filter((comment) => trusted.has(comment.userId));
}

function mayStart(answer: PermissionAnswer | null, id: number): boolean {
  return answer?.userId === id && (answer.permission === 'admin' || answer.permission === 'write');
}

/** The newest texts that fit together, in their order. */
function withinBound<One extends { readonly text: string }>(all: readonly One[]): readonly One[] {
  let left = MAX_COMMENT_TEXT;
  const kept = all.toReversed().filter(({ text }) => {
    left -= text.length;
    return text !== '' && left >= 0;
  });
  return kept.toReversed();
}

function joinKinds(lists: readonly (readonly RemovedKind[])[]): RemovedKind[] {
  const sums = new Map<string, RemovedKind>();
  for (const { kind, count, characters } of lists.flat()) {
    const before = sums.get(kind) ?? { kind, count: 0, characters: 0 };
    sums.set(kind, { kind, count: before.count + count, characters: before.characters + characters });
  }
  return [...sums.values()];
}
