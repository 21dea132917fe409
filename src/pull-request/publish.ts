/**
 * Verdict to pull request, step by step: commit, read back its signature, branch, check run, pull request, labels. Each
 * step is done at most once however often this is called; the check run comes before the pull request, so nobody sees
 * one without a verdict.
 */
import type { Lease, PublishEnd } from '../controller/ports.ts';
import type { Clock } from '../shared/clock.ts';
import { GloveboxError } from '../shared/errors.ts';
import { branchName } from '../shared/ids.ts';
import type { Db } from '../task/open-database.ts';
import type { Reason } from '../task/task.ts';
import { checkRun, redactCheckRun } from './check-run.ts';
import { commitMessage } from './commit-message.ts';
import type { CommitState, PublishGitHub } from './github.ts';
import { pullLabels } from './labels.ts';
import { withMarker } from './marker.ts';
import { postOnce } from './post-once.ts';
import type { PublishFacts } from './publish-facts.ts';
import { pullBody } from './pull-body.ts';
import { pullTitle } from './title.ts';
import { treeEntries } from './tree-entries.ts';

/** What publishing needs. `redact` replaces what is a secret; every text that leaves passes it, whatever it was built from. */
export interface PublishDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly github: PublishGitHub;
  readonly markerKey: Uint8Array;
  readonly redact: (text: string) => string;
}

/** Publishes one judged change set. Errors: GitHub's, `lease-lost`, `recovery-too-early`. */
export async function publish(deps: PublishDeps, lease: Lease, facts: PublishFacts): Promise<PublishEnd> {
  const branch = branchName(facts.task.issueNumber, facts.task.id, facts.task.attempt);
  const commit = await commitOnce(deps, lease, facts);
  const foreign = await branchOnce(deps, lease, { branch, sha: commit.sha, facts });
  if (foreign) return { ...foreign, branch: null, commitSha: null, pullNumber: null };
  await checkRunOnce(deps, lease, { facts, commit });
  const pullNumber = await pullOnce(deps, lease, { facts, branch, commit });
  await labelOnce(deps, lease, { facts, pullNumber });
  return { ...endOf(facts, commit), branch, commitSha: commit.sha, pullNumber };
}

async function commitOnce(deps: PublishDeps, lease: Lease, facts: PublishFacts): Promise<CommitState> {
  const sha = await postOnce(deps, lease, {
    taskId: facts.task.id,
    surface: 'commit',
    key: `${facts.task.attempt}.${facts.round}`,
    find: async () => null, // a commit that no ref names is nobody's: making it again is harmless
    create: async () => {
      const message = deps.redact(commitMessage(facts));
      const entries = await treeEntries(deps.github, facts.changeSet);
      const treeSha = await deps.github.createTree(facts.pin.baseTreeSha, entries);
      await lease.check();
      const made = await deps.github.createCommit({ message, treeSha, parentSha: facts.pin.baseSha });
      return made.sha;
    },
  });
  return deps.github.readCommit(sha);
}

async function branchOnce(
  deps: PublishDeps,
  lease: Lease,
  want: { branch: string; sha: string; facts: PublishFacts },
): Promise<{ outcome: 'needs-human'; reason: Reason } | null> {
  const { branch, sha } = want;
  if (!/^glovebox\/[0-9a-z-]+$/.test(branch)) {
    throw new GloveboxError({
      code: 'branch-invalid',
      message: `Branch '${branch}' does not lie under 'glovebox/': nothing was pushed.`,
    });
  }
  const head = await deps.github.readBranch(branch);
  if (head === sha) return null;
  if (head !== null) return branchMoved(branch, head);
  await lease.check();
  try {
    if (await deps.github.createBranch(branch, sha)) return null;
  } catch (error) {
    if (!(error instanceof GloveboxError) || error.code !== 'push-refused') throw error;
    return { outcome: 'needs-human', reason: { code: 'push-refused', values: error.values, detail: null } };
  }
  const now = await deps.github.readBranch(branch);
  return now === sha ? null : branchMoved(branch, now ?? 'gone');
}

function branchMoved(branch: string, head: string): { outcome: 'needs-human'; reason: Reason } {
  return {
    outcome: 'needs-human',
    reason: { code: 'branch-moved', values: { branch, sha: head.slice(0, 7) }, detail: null },
  };
}

async function checkRunOnce(
  deps: PublishDeps,
  lease: Lease,
  want: { facts: PublishFacts; commit: CommitState },
): Promise<void> {
  const { facts, commit } = want;
  const externalId = `${facts.task.id}.${facts.task.attempt}.${facts.round}`;
  await postOnce(deps, lease, {
    taskId: facts.task.id,
    surface: 'check-run',
    key: `${facts.task.attempt}.${facts.round}`,
    find: async () => text(await deps.github.findCheckRun(commit.sha, externalId)),
    create: async () => {
      const content = redactCheckRun(checkRun(facts, commit), deps.redact);
      return String(await deps.github.createCheckRun({ headSha: commit.sha, externalId, ...content }));
    },
  });
}

async function pullOnce(
  deps: PublishDeps,
  lease: Lease,
  want: { facts: PublishFacts; branch: string; commit: CommitState },
): Promise<number> {
  const { facts, branch, commit } = want;
  const verified = facts.verdict.conclusion === 'success' && commit.verified;
  const issue = { number: facts.task.issueNumber, title: facts.snapshot.title };
  const body = withMarker(
    deps.redact(pullBody(facts, commit)),
    { taskId: facts.task.id, surface: 'pull' },
    deps.markerKey,
  );
  const number = await postOnce(deps, lease, {
    taskId: facts.task.id,
    surface: 'pull',
    key: String(facts.task.attempt),
    find: async () => text(await deps.github.findOpenPull(branch)),
    create: async () => {
      const title = deps.redact(pullTitle(issue, verified ? 'verified' : 'attempt'));
      const request = { title, body, head: branch, base: facts.pin.baseRef, draft: !verified };
      const made = await deps.github.createPull(request);
      if (made !== 'draft-refused') return String(made);
      const open = await deps.github.createPull({
        ...request,
        title: deps.redact(pullTitle(issue, 'no-draft')),
        draft: false,
      });
      return String(open);
    },
  });
  return Number(number);
}

async function labelOnce(
  deps: PublishDeps,
  lease: Lease,
  want: { facts: PublishFacts; pullNumber: number },
): Promise<void> {
  const { facts, pullNumber } = want;
  const labels = pullLabels(facts.pin.config.label, facts.pin.config.team);
  await postOnce(deps, lease, {
    taskId: facts.task.id,
    surface: 'labels',
    key: String(facts.task.attempt),
    find: async () => {
      const now = await deps.github.readLabels(pullNumber);
      return labels.every((label) => now.labels.includes(label.name)) ? 'set' : null;
    },
    create: async () => {
      for (const label of labels) await deps.github.ensureLabel(label.name, label.color, label.description);
      const now = await deps.github.readLabels(pullNumber);
      const names = new Set([...now.labels, ...labels.map((label) => label.name)]);
      const assignees = new Set([...now.assignees, facts.requester.login]);
      await lease.check();
      await deps.github.setLabels(pullNumber, [...names], [...assignees]);
      return 'set';
    },
  });
}

function endOf(facts: PublishFacts, commit: CommitState): Pick<PublishEnd, 'outcome' | 'reason'> {
  if (!commit.verified) {
    return {
      outcome: 'errored',
      reason: { code: 'commit-unverified', values: { sha: commit.sha.slice(0, 7) }, detail: null },
    };
  }
  return facts.verdict.conclusion === 'success'
    ? { outcome: 'verified', reason: null }
    : { outcome: 'needs-human', reason: null };
}

function text(id: number | null): string | null {
  return id === null ? null : String(id);
}
