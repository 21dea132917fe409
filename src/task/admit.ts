/**
 * Admission: one transaction turns a request into a task row, open or refused, with its audit event, and closes the
 * delivery it came by. Rate limits and repeats are read under a lock, so that parallel deliveries count each other.
 */
import { sql } from 'kysely';
import { appendAll } from '../audit/append.ts';
import type { AuditEvent } from '../audit/event.ts';
import { canonicalJson, digestOf } from '../shared/digest.ts';
import { newTaskId, type RandomBytes } from '../shared/ids.ts';
import type { Db } from './open-database.ts';
import { finishDelivery } from './store/finish-delivery.ts';
import { insertTask, type NewTask } from './store/insert-task.ts';
import { countRecent, type EarlierTask, listIssueTasks, type RecentStarts } from './store/issue-history.ts';
import { WAKE_CHANNEL } from './store/wake-task.ts';
import type { Reason } from './task.ts';

/** Requests that follow one another faster than this, by the same person on the same issue, are one. */
const DEBOUNCE_MS = 10_000;
/** The same refusal to the same person on the same issue is not repeated within this time. */
const SAME_REFUSAL_MS = 600_000;
/** A person gets so many refusals an hour answered for each task that they may start. */
const REFUSALS_PER_START = 4;

/** What is needed to admit. `rateLimits` are tasks an hour. */
export interface AdmitDeps {
  readonly db: Db;
  readonly random: RandomBytes;
  readonly rateLimits: { readonly user: number; readonly repository: number };
}

/** A request; `refused` is what its own handler found, before the record was asked. */
export interface TaskRequest extends Omit<NewTask, 'id'> {
  /** When it happened by GitHub's clock. */
  readonly askedAt: Date;
}

/** What became of it. `repeated`: another row stands for it, or it is not worth another answer. */
export type Admission =
  | { readonly kind: 'admitted' | 'refused'; readonly taskId: string; readonly code: string | null }
  | { readonly kind: 'repeated'; readonly taskId: string | null; readonly code: string };

/** Admits, refuses or ignores one request. Errors: the store's. */
export async function admitTask(deps: AdmitDeps, request: TaskRequest): Promise<Admission> {
  return deps.db.transaction().execute(async (trx) => {
    await lock(trx, request);
    const admission = await decideAndInsert({ ...deps, db: trx }, request);
    const word = admission.code === null ? admission.kind : `${admission.kind}: ${admission.code}`;
    if (request.deliveryId !== null) await finishDelivery(trx, request.deliveryId, word);
    return admission;
  });
}

/** True when one more request of the same person on the issue would be treated as a repeat: asked before GitHub is. */
export async function isRepeat(
  db: Db,
  request: Pick<TaskRequest, 'repo' | 'issueNumber' | 'askedAt'> & { readonly requesterId: number },
): Promise<boolean> {
  const earlier = await listIssueTasks(db, {
    repositoryId: request.repo.repositoryId,
    issueNumber: request.issueNumber,
  });
  return sameRequest(earlier, request) !== null;
}

async function lock(trx: Db, request: TaskRequest): Promise<void> {
  await sql`select pg_advisory_xact_lock(${-request.requester.id}::bigint)`.execute(trx);
  await sql`select pg_advisory_xact_lock(${request.repo.repositoryId}::bigint)`.execute(trx);
}

async function decideAndInsert(deps: AdmitDeps, request: TaskRequest): Promise<Admission> {
  const { db, rateLimits } = deps;
  const issue = { repositoryId: request.repo.repositoryId, issueNumber: request.issueNumber };
  const earlier = await listIssueTasks(db, issue);
  const same = sameRequest(earlier, { ...request, requesterId: request.requester.id });
  if (same !== null) return { kind: 'repeated', taskId: same.id, code: 'same-request' };
  const user = await countRecent(db, { requesterId: request.requester.id });
  const repository = await countRecent(db, { repositoryId: request.repo.repositoryId });
  const refused =
    request.refused ?? taskExists(earlier) ?? rateLimited({ request, user, repository, rateLimits });
  if (refused !== null && isAnswered(earlier, request, refused)) {
    return { kind: 'repeated', taskId: null, code: refused.code };
  }
  if (refused !== null && user.refused >= REFUSALS_PER_START * rateLimits.user) {
    return { kind: 'repeated', taskId: null, code: 'too-many-refusals' };
  }
  return insert(deps, { ...request, refused });
}

async function insert(deps: AdmitDeps, request: TaskRequest): Promise<Admission> {
  const { refused } = request;
  for (let tries = 0; tries < 5; tries++) {
    const id = newTaskId(deps.random);
    if (!(await insertTask(deps.db, { ...request, id }))) continue;
    await audit(deps.db, id, request);
    await sql`select pg_notify(${WAKE_CHANNEL}, ${id})`.execute(deps.db);
    return { kind: refused === null ? 'admitted' : 'refused', taskId: id, code: refused?.code ?? null };
  }
  return { kind: 'repeated', taskId: null, code: 'same-delivery' };
}

async function audit(trx: Db, id: string, request: TaskRequest): Promise<void> {
  const { requester, refused, snapshot } = request;
  const digest = snapshot === null ? null : digestOf(canonicalJson(snapshot));
  const accepted: AuditEvent = {
    type: 'task.accepted',
    data: { login: requester.login, via: requester.via, snapshot: digest },
  };
  await appendAll(trx, id, refused === null ? [accepted] : [accepted, refusal(refused)]);
}

function refusal({ code }: Reason): AuditEvent {
  return {
    type: 'task.state',
    data: { from: 'accepted', to: 'ended', outcome: 'refused', reason: code },
  };
}

type Asked = Pick<TaskRequest, 'askedAt'> & { readonly requesterId: number };

/** A task of the same person that was made after this was asked, or within the debounce: `opened` and `labeled` are one. */
function sameRequest(earlier: readonly EarlierTask[], { askedAt, requesterId }: Asked): EarlierTask | null {
  const own = earlier.filter((task) => task.requesterId === requesterId);
  return own.find((task) => askedAt.getTime() <= task.createdAt.getTime() + DEBOUNCE_MS) ?? null;
}

function isAnswered(earlier: readonly EarlierTask[], request: TaskRequest, refused: Reason): boolean {
  const since = request.askedAt.getTime() - SAME_REFUSAL_MS;
  return earlier.some(
    (task) =>
      task.requesterId === request.requester.id &&
      task.reasonCode === refused.code &&
      task.createdAt.getTime() > since,
  );
}

function taskExists(earlier: readonly EarlierTask[]): Reason | null {
  const running = earlier.find((task) => task.open);
  if (running === undefined) return null;
  const pull = running.pullNumber === null ? {} : { pull: running.pullNumber };
  return { code: 'task-exists', values: { task: running.id, ...pull }, detail: null };
}

interface RateInput {
  readonly request: TaskRequest;
  readonly user: RecentStarts;
  readonly repository: RecentStarts;
  readonly rateLimits: AdmitDeps['rateLimits'];
}

function rateLimited({ request, user, repository, rateLimits }: RateInput): Reason | null {
  const { owner, repo } = request.repo;
  if (user.started >= rateLimits.user) {
    return rateReason(request.requester.login, user, rateLimits.user);
  }
  return repository.started >= rateLimits.repository
    ? rateReason(`${owner}/${repo}`, repository, rateLimits.repository)
    : null;
}

function rateReason(login: string, recent: RecentStarts, limit: number): Reason {
  const free = new Date((recent.oldestStart?.getTime() ?? Date.now()) + 3_600_000);
  const freeAt = `${free.toISOString().slice(11, 16)} UTC`;
  return { code: 'rate-limited', values: { login, count: recent.started, limit, freeAt }, detail: null };
}
