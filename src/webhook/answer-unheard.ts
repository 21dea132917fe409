/**
 * The sweep's second half: labelled issues that no delivery told of are answered "label it again", never started. A
 * repository that cannot be read holds up no other, and is looked at from where its own last success began.
 */
import { admitTask } from '../task/admit.ts';
import { wasHeardOf } from '../task/store/delivery-history.ts';
import type { LabelledIssue, LabelledIssues, LabelPlace } from './github.ts';
import { GRACE_MS, MOST_TRIES, mayPass, reach, type SweepDeps } from './sweep-deps.ts';

/** What one process knows between sweeps; a new one looks two days back instead. */
export interface LabelMemory {
  since: Date;
  /** Places that could not be read, each with since when. */
  readonly behind: Map<string, { readonly since: Date; readonly tries: number }>;
}

type Failed = LabelledIssues['failed'][number];

/** Answers how many; `began` is since when the next sweep looks. Errors: GitHub's, where it is away altogether. */
export async function answerUnheard(deps: SweepDeps, memory: LabelMemory, began: Date): Promise<number> {
  const { issues, failed } = await deps.github.listLabelledIssues(deps.admin.label, (place) =>
    sinceOf(deps, memory, place),
  );
  const problems: Failed[] = [...failed];
  let answered = 0;
  for (const issue of issues) {
    try {
      answered += (await answer(deps, issue)) ? 1 : 0;
    } catch (error) {
      const { installationId, repositoryId } = issue.repo;
      problems.push({ place: { installationId, repositoryId }, error });
    }
  }
  settle(deps, memory, problems);
  memory.since = began;
  return answered;
}

function sinceOf(deps: SweepDeps, { since, behind }: LabelMemory, place: LabelPlace): Date {
  const own = [keyOf({ ...place, repositoryId: null }), keyOf(place)].flatMap((key) => behind.get(key) ?? []);
  const earliest = Math.min(since.getTime(), ...own.map((one) => one.since.getTime()));
  return new Date(Math.max(earliest, reach(deps).getTime()));
}

/** Remembers the places that failed, forgets those that did not. */
function settle(deps: SweepDeps, memory: LabelMemory, problems: readonly Failed[]): void {
  const failed = new Map(problems.map((problem) => [keyOf(problem.place), problem]));
  for (const key of [...memory.behind.keys()]) {
    const [installation = ''] = key.split('/');
    if (!failed.has(key) && !failed.has(`${installation}/`)) memory.behind.delete(key);
  }
  for (const problem of failed.values()) putOff(deps, memory, problem);
}

/** A refusal that stays is given up after some hours, which are then not looked at again. */
function putOff(deps: SweepDeps, { behind, since: now }: LabelMemory, { place, error }: Failed): void {
  const key = keyOf(place);
  const { since, tries } = behind.get(key) ?? { since: now, tries: 0 };
  const isOver = tries + 1 >= MOST_TRIES && !mayPass(error);
  if (isOver) behind.delete(key);
  else behind.set(key, { since, tries: tries + 1 });
  deps.log.warn({ err: error, ...place, since, givenUp: isOver }, 'labelled issues cannot be read');
}

function keyOf({ installationId, repositoryId }: LabelPlace): string {
  return `${installationId}/${repositoryId ?? ''}`;
}

function isOverdue(issue: LabelledIssue, deps: SweepDeps): boolean {
  return issue.labelledBy.id !== deps.ownBotId && issue.labelledAt.getTime() < deps.now() - GRACE_MS;
}

async function answer(deps: SweepDeps, issue: LabelledIssue): Promise<boolean> {
  if (!isOverdue(issue, deps)) return false;
  if (await wasHeardOf(deps.db, { ...issue, repositoryId: issue.repo.repositoryId })) return false;
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
