/** Reads the demo's six stages from the task record; each number is a field of it. */
import { publishingSince } from '../src/cmd/task-report.ts';
import { readTaskCost } from '../src/ledger/read-task-cost.ts';
import { formatDuration, plural, shortHash } from '../src/pull-request/format.ts';
import { type JobRow, observed } from '../src/pull-request/phase-times.ts';
import { readJobs } from '../src/pull-request/read-facts.ts';
import { ChangeSet } from '../src/result/contract/change-set.ts';
import { Verdict } from '../src/result/verdict.ts';
import type { Db } from '../src/task/open-database.ts';
import { loadTask } from '../src/task/store/load-task.ts';
import type { Task } from '../src/task/task.ts';
import { STAGES, type Stage, type StageName, type StageState } from './stage.ts';

/** What a look at the record gave. */
export interface Look {
  readonly task: Task;
  readonly stages: readonly Stage[];
  readonly verdict: Verdict | null;
}

interface Seen {
  readonly task: Task;
  readonly jobs: readonly JobRow[];
  readonly rounds: readonly RoundRow[];
  readonly calls: number;
  readonly files: number | null;
  readonly verdict: Verdict | null;
  readonly publishingSince: Date | null;
  readonly nowMs: number;
}

interface RoundRow {
  readonly number: number;
  readonly sealed_at: Date | null;
  readonly sealed_digest: string | null;
  readonly last_upload_digest: string | null;
  readonly verdict: unknown;
  readonly started_at: Date;
}

/** One look. `verdict` is that of the last judged round. */
export async function readStages(db: Db, taskId: string, nowMs: number): Promise<Look> {
  const task = await loadTask(db, taskId);
  const rounds = await db
    .selectFrom('round')
    .select(['number', 'sealed_at', 'sealed_digest', 'last_upload_digest', 'verdict', 'started_at'])
    .where('task_id', '=', taskId)
    .where('attempt', '=', task.attempt)
    .orderBy('number')
    .execute();
  const round = rounds.at(-1);
  const cost = await readTaskCost(db, { taskId, repositoryId: task.repo.repositoryId, nowMs });
  const judged = rounds.findLast((row) => row.verdict !== null);
  const verdict = Verdict.safeParse(judged?.verdict).data ?? null;
  const seen: Seen = {
    task,
    jobs: round ? await readJobs(db, task, round) : [],
    rounds,
    calls: cost.calls,
    files: await changedFiles(db, round?.sealed_digest ?? round?.last_upload_digest ?? null),
    verdict,
    publishingSince: await publishingSince(db, taskId),
    nowMs,
  };
  return { task, stages: STAGES.map((stage) => BUILDERS[stage](seen)), verdict };
}

const BUILDERS: Readonly<Record<StageName, (seen: Seen) => Stage>> = {
  accept: acceptStage,
  fetch: (seen) => phaseStage(seen, 'fetch', seen.task.pin ? `base ${shortHash(seen.task.pin.baseSha)}` : ''),
  setup: setupStage,
  work: workStage,
  verify: verifyStage,
  publish: publishStage,
};

function acceptStage({ task, rounds, nowMs }: Seen): Stage {
  const removed = task.snapshot?.removed.reduce((sum, part) => sum + part.count, 0) ?? 0;
  const parts = removed === 0 ? 'nothing removed' : `${plural(removed, 'hidden part')} removed`;
  const detail = `permission ${task.requester.permission}, ${parts}`;
  if (task.outcome === 'refused')
    return { stage: 'accept', state: 'failed', detail: task.reason?.code ?? '', ms: 0 };
  const first = rounds[0]?.started_at.getTime();
  const ms = (first ?? nowMs) - task.createdAt.getTime();
  return { stage: 'accept', state: first === undefined ? 'running' : 'done', detail, ms: Math.max(0, ms) };
}

function setupStage(seen: Seen): Stage {
  if (seen.task.pin?.config.setup.length === 0) {
    const fetched = phaseOf(seen, 'fetch')?.state === 'ended';
    if (!fetched) return { stage: 'setup', state: 'waiting', detail: '', ms: null };
    return { stage: 'setup', state: 'skipped', detail: 'nothing to set up', ms: 0 };
  }
  return phaseStage(seen, 'setup', plural(seen.task.pin?.config.setup.length ?? 0, 'command'));
}

function workStage(seen: Seen): Stage {
  const base = phaseStage(seen, 'work', '');
  if (base.state === 'waiting') return base;
  const round = seen.rounds.length > 1 ? `, round ${seen.rounds.length}` : '';
  const files = seen.files === null ? '' : `, ${plural(seen.files, 'file')} changed`;
  const sealed = seen.rounds.at(-1)?.sealed_digest !== null;
  return {
    ...base,
    state: sealed ? 'done' : base.state,
    detail: `${plural(seen.calls, 'model call')}${files}${round}`,
  };
}

/** Done once judged: what the sandbox ended with is no verdict yet. */
function verifyStage(seen: Seen): Stage {
  const base = phaseStage(seen, 'verify', '');
  const round = seen.rounds.at(-1);
  const sealedAt = round?.sealed_at?.getTime();
  const ms =
    base.ms === null || sealedAt === undefined ? base.ms : Math.max(0, endOf(seen, 'verify') - sealedAt);
  const over = seen.task.state === 'ended';
  if (seen.verdict && (over || round?.verdict !== null)) {
    return { stage: 'verify', state: 'done', detail: countsText(seen.verdict), ms };
  }
  if (base.state === 'waiting') return base;
  if (over) return { stage: 'verify', state: 'failed', detail: 'not judged', ms };
  const checked = seen.jobs.some((job) => job.base_results !== null);
  return {
    stage: 'verify',
    state: 'running',
    ms,
    detail: checked ? 'base checked, now the change' : 'base first',
  };
}

function countsText({ totals }: Verdict): string {
  const failed = totals.head?.failed ?? 0;
  const after = `${totals.head?.passed ?? 0} after${failed > 0 ? `, ${failed} failed` : ''}`;
  return `${plural(totals.base?.passed ?? 0, 'test')} before, ${after}`;
}

function publishStage({ task, publishingSince: since, nowMs }: Seen): Stage {
  const ms = since === null ? null : Math.max(0, (task.endedAt?.getTime() ?? nowMs) - since.getTime());
  if (task.state === 'publishing') return { stage: 'publish', state: 'running', detail: '', ms };
  if (task.commitSha === null || task.pullNumber === null) {
    const state: StageState = task.state === 'ended' ? 'skipped' : 'waiting';
    return { stage: 'publish', state, detail: state === 'skipped' ? 'no pull request' : '', ms: null };
  }
  const verified = task.reason?.code === 'commit-unverified' ? 'unverified' : 'verified';
  const detail = `commit ${shortHash(task.commitSha)} ${verified} (emulated), #${task.pullNumber}`;
  return { stage: 'publish', state: 'done', detail, ms };
}

function phaseStage(seen: Seen, name: 'fetch' | 'setup' | 'work' | 'verify', detail: string): Stage {
  const entry = phaseOf(seen, name);
  if (!entry || entry.state === 'waiting') return { stage: name, state: 'waiting', detail: '', ms: null };
  const ms = entry.startedAt === null ? null : (entry.endedAt ?? seen.nowMs) - entry.startedAt;
  if (entry.state === 'running') return { stage: name, state: 'running', detail, ms };
  return { stage: name, state: entry.exitCode === 0 || name === 'verify' ? 'done' : 'failed', detail, ms };
}

function phaseOf(seen: Seen, name: string) {
  const kind = name === 'verify' ? 'verify' : 'work';
  const job = seen.jobs.findLast((row) => row.kind === kind);
  return job ? observed(job)?.phases.find((entry) => entry.phase === name) : undefined;
}

function endOf(seen: Seen, name: string): number {
  return phaseOf(seen, name)?.endedAt ?? seen.nowMs;
}

async function changedFiles(db: Db, digest: string | null): Promise<number | null> {
  if (digest === null) return null;
  const row = await db.selectFrom('blob').select('bytes').where('digest', '=', digest).executeTakeFirst();
  const parsed = row ? ChangeSet.safeParse(JSON.parse(Buffer.from(row.bytes).toString('utf8'))) : null;
  return parsed?.data?.entries.length ?? null;
}

/** `6.5 s`, for the sentence after the table. */
export function tookText(task: Task): string {
  return formatDuration((task.endedAt?.getTime() ?? task.createdAt.getTime()) - task.createdAt.getTime());
}
