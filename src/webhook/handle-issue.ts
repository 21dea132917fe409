/**
 * `issues.labeled`, and `issues.opened` with the label, to a task: reaction, permission, state of the issue, snapshot,
 * and one transaction that admits or refuses. Comments are not written here: the controller's status surface does.
 */
import type { AdminConfig } from '../config/admin-config.ts';
import { hasCode } from '../shared/errors.ts';
import type { RandomBytes } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { type Admission, admitTask, isRepeat, type TaskRequest } from '../task/admit.ts';
import type { Db } from '../task/open-database.ts';
import type { Reason, RepoRef, Snapshot } from '../task/task.ts';
import type { IssueGitHub } from './github.ts';
import { actingApp, IssueEvent, repoOf, setsLabel } from './issue-event.ts';
import { checkPermission, type PermissionFinding } from './permission.ts';
import { isEmpty, takeSnapshot } from './snapshot.ts';

export interface HandleIssueDeps {
  readonly db: Db;
  readonly random: RandomBytes;
  readonly admin: AdminConfig;
  /** Our App's bot account, by numeric id: its events start nothing. */
  readonly ownBotId: number;
  /** The calls as the installation. */
  readonly githubFor: (installationId: number) => Promise<IssueGitHub>;
  /** Called when a task was admitted or refused, so that the controller looks now. */
  readonly onTask: (taskId: string) => void;
}

/** Handles one `issues` delivery; answers with a word for the record. Errors: GitHub's and the store's (put off). */
export async function handleIssue(
  deps: HandleIssueDeps,
  delivery: { readonly id: string; readonly payload: unknown },
  log: Log,
): Promise<string> {
  const parsed = IssueEvent.safeParse(delivery.payload);
  if (!parsed.success) return 'ignored: not the payload of an App';
  const event = parsed.data;
  if (!setsLabel(event, deps.admin.label)) return 'ignored: another label';
  if (event.sender.id === deps.ownBotId) return 'ignored: our own';
  const repo = repoOf(event);
  const askedAt = event.action === 'opened' ? event.issue.created_at : event.issue.updated_at;
  const ask = { repo, issueNumber: event.issue.number, askedAt, requesterId: event.sender.id };
  if (await isRepeat(deps.db, ask)) return 'repeated: same-request';
  const request = await requestOf(deps, { event, repo, askedAt, deliveryId: delivery.id, log });
  const admission = await admitTask({ ...deps, rateLimits: deps.admin.rateLimits }, request);
  if (admission.kind !== 'repeated') deps.onTask(admission.taskId);
  return wordFor(admission);
}

function wordFor(admission: Admission): string {
  return admission.code === null ? admission.kind : `${admission.kind}: ${admission.code}`;
}

interface Work {
  readonly event: IssueEvent;
  readonly repo: RepoRef;
  readonly askedAt: Date;
  readonly deliveryId: string;
  readonly log: Log;
}

async function requestOf(deps: HandleIssueDeps, work: Work): Promise<TaskRequest> {
  try {
    return await askGitHub(deps, work);
  } catch (error) {
    if (!hasCode(error, 'installation-suspended')) throw error;
    const finding = { permission: 'none', roleName: 'none', refused: reason('app-suspended') } as const;
    return build(work, finding, null);
  }
}

/** The reaction says "seen" and holds nothing up. */
async function askGitHub(deps: HandleIssueDeps, work: Work): Promise<TaskRequest> {
  const { event, repo, log } = work;
  const github = await deps.githubFor(repo.installationId);
  const [request] = await Promise.all([
    readRequest({ github, admin: deps.admin }, work),
    github
      .reactWithEyes(repo, event.issue.number)
      .catch((error: unknown) => log.warn({ err: error }, 'no reaction')),
  ]);
  return request;
}

async function readRequest(
  { github, admin }: { readonly github: IssueGitHub; readonly admin: AdminConfig },
  work: Work,
): Promise<TaskRequest> {
  const { event, repo } = work;
  const finding = await checkPermission({ github, admin }, repo, {
    sender: event.sender,
    app: actingApp(event),
  });
  const refused = finding.refused ?? notOpen(event);
  if (refused !== null) return build(work, { ...finding, refused }, null);
  const { title, body, number } = event.issue;
  const snapshot = await takeSnapshot(
    { github },
    { repo, issueNumber: number, title, body, askedAt: work.askedAt },
  );
  return build(work, { ...finding, refused: empty(snapshot) }, snapshot);
}

function build(work: Work, finding: PermissionFinding, snapshot: Snapshot | null): TaskRequest {
  const { event, repo, askedAt, deliveryId } = work;
  const { permission, roleName, refused } = finding;
  const via = event.action === 'opened' ? 'opened-with-label' : 'label';
  const requester = { id: event.sender.id, login: event.sender.login, permission, roleName, via } as const;
  return { repo, issueNumber: event.issue.number, requester, snapshot, deliveryId, refused, askedAt };
}

function notOpen({ issue }: IssueEvent): Reason | null {
  if (issue.state !== 'open') return reason('issue-not-open', { state: 'closed' });
  return issue.locked ? reason('issue-not-open', { state: 'locked' }) : null;
}

function empty(snapshot: Snapshot): Reason | null {
  if (!isEmpty(snapshot)) return null;
  return reason('issue-empty', { removed: snapshot.removed.reduce((sum, { count }) => sum + count, 0) });
}

function reason(code: Reason['code'], values: Reason['values'] = {}): Reason {
  return { code, values, detail: null };
}
