/**
 * What webhooks lose: GitHub does not redeliver by itself. Every few minutes failed deliveries are taken from the App's
 * deliveries API, and labelled issues that no delivery told of are answered "label it again", never started.
 */
import type { RandomBytes } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { admitTask } from '../task/admit.ts';
import type { Db } from '../task/open-database.ts';
import { forgetDeliveries, knownDeliveries, wasHeardOf } from '../task/store/delivery-history.ts';
import { insertDelivery } from '../task/store/insert-delivery.ts';
import type { LabelledIssue, ListedDelivery, SweepGitHub } from './github.ts';
import { isHandled, toDelivery } from './receive-webhook.ts';

/** A webhook that is under way is not lost yet. */
const GRACE_MS = 120_000;
/** Older losses are left: nobody waits for them any more, and GitHub keeps deliveries for three days only. */
const REACH_MS = 2 * 24 * 3_600_000;
const KEEP_DAYS = 30;
const MOST = 1_000;

export interface SweepDeps {
  readonly db: Db;
  readonly github: SweepGitHub;
  readonly random: RandomBytes;
  readonly admin: {
    readonly label: string;
    readonly rateLimits: { readonly user: number; readonly repository: number };
  };
  readonly ownBotId: number;
  readonly wake: () => void;
  readonly onTask: (taskId: string) => void;
  readonly log: Log;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** What one sweep did. */
export interface SweepResult {
  readonly recovered: number;
  readonly answered: number;
}

/** Since when each half looks; the first sweep of a process reaches back two days. */
export interface SweepCursor {
  readonly deliveriesSince: Date;
  /** Null: labels are not looked at this time; that costs calls in every repository. */
  readonly labelsSince: Date | null;
}

/** One sweep. Errors: GitHub's and the store's; the next sweep begins at the same cursor. */
export async function sweepDeliveries(
  deps: SweepDeps,
  cursor: SweepCursor = { deliveriesSince: reach(deps), labelsSince: reach(deps) },
): Promise<SweepResult> {
  const recovered = await recoverLost(deps, cursor.deliveriesSince);
  const answered = cursor.labelsSince === null ? 0 : await answerUnheard(deps, cursor.labelsSince);
  await forgetDeliveries(deps.db, KEEP_DAYS);
  deps.log[recovered + answered > 0 ? 'info' : 'debug']({ recovered, answered }, 'swept');
  return { recovered, answered };
}

/** As far back as a sweep ever looks. */
export function reach({ now }: Pick<SweepDeps, 'now'>): Date {
  return new Date(now() - REACH_MS);
}

async function recoverLost(deps: SweepDeps, since: Date): Promise<number> {
  const listed = await deps.github.listDeliveries(since, MOST);
  const known = await knownDeliveries(
    deps.db,
    listed.map(({ guid }) => guid),
  );
  let recovered = 0;
  for (const delivery of lostDeliveries({ listed, known, now: deps.now() })) {
    recovered += (await recover(deps, delivery)) ? 1 : 0;
  }
  if (recovered > 0) deps.wake();
  return recovered;
}

interface LossInput {
  readonly listed: readonly ListedDelivery[];
  /** Guids that the record has. */
  readonly known: ReadonlySet<string>;
  readonly now: number;
}

/** Deliveries that failed, that we would handle, and that the record has not; each guid once. Pure. */
export function lostDeliveries({ listed, known, now }: LossInput): readonly ListedDelivery[] {
  const arrived = new Set(listed.filter(({ ok }) => ok).map(({ guid }) => guid));
  const lost = listed.filter(
    (one) =>
      isHandled(one) &&
      !known.has(one.guid) &&
      !arrived.has(one.guid) &&
      one.deliveredAt.getTime() < now - GRACE_MS,
  );
  return [...new Map(lost.map((one) => [one.guid, one])).values()];
}

async function recover(deps: SweepDeps, lost: ListedDelivery): Promise<boolean> {
  const payload = await deps.github.readDeliveryPayload(lost.id);
  const delivery = toDelivery({ id: lost.guid, event: lost.event }, JSON.stringify(payload));
  if (delivery === null) return false;
  await insertDelivery(deps.db, delivery);
  return true;
}

async function answerUnheard(deps: SweepDeps, since: Date): Promise<number> {
  let answered = 0;
  for (const issue of await deps.github.listLabelledIssues(deps.admin.label, since)) {
    if (!isOverdue(issue, deps)) continue;
    if (await wasHeardOf(deps.db, { ...issue, repositoryId: issue.repo.repositoryId })) continue;
    answered += (await answer(deps, issue)) ? 1 : 0;
  }
  return answered;
}

function isOverdue(issue: LabelledIssue, deps: SweepDeps): boolean {
  return issue.labelledBy.id !== deps.ownBotId && issue.labelledAt.getTime() < deps.now() - GRACE_MS;
}

async function answer(deps: SweepDeps, issue: LabelledIssue): Promise<boolean> {
  const requester = { ...issue.labelledBy, permission: 'none', roleName: 'not asked', via: 'sweep' } as const;
  const admission = await admitTask(
    { ...deps, rateLimits: deps.admin.rateLimits },
    {
      repo: issue.repo,
      issueNumber: issue.issueNumber,
      requester,
      snapshot: null,
      deliveryId: null,
      refused: { code: 'delivery-lost', values: { login: issue.labelledBy.login }, detail: null },
      askedAt: issue.labelledAt,
    },
  );
  if (admission.kind !== 'refused') return false;
  deps.onTask(admission.taskId);
  return true;
}
