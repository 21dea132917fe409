/** Reads what the status comment shows from the record. */
import { z } from 'zod';
import type { TaskCost } from '../ledger/task-cost.ts';
import { Verdict } from '../result/verdict.ts';
import type { Db } from '../task/open-database.ts';
import type { Task } from '../task/task.ts';
import { START_PATIENCE_MS, WAIT_PATIENCE_MS } from '../task/wait-patience.ts';
import { type JobRow, observed, phaseRows } from './phase-times.ts';
import { readEndingFacts } from './read-ending-facts.ts';
import { readJobs } from './read-facts.ts';
import type { StatusView } from './status-view.ts';

export interface ViewReaders {
  readonly db: Db;
  readonly readCost: (task: Task) => Promise<TaskCost>;
  /** The admin's label. */
  readonly label: string;
  readonly readQueue: (task: Task) => Promise<StatusView['queue']>;
  readonly readPlace: (task: Task) => Promise<StatusView['place']>;
  /** Replaces what is a secret; foreign text passes it before it is escaped. */
  readonly redact: (text: string) => string;
}

const MAY_WAIT: ReadonlySet<Task['state']> = new Set(['queued', 'working', 'verifying']);

const Reported = z.object({ step: z.string().nullable() });

/** One consistent-enough look: each number is a field of the record, none is guessed. */
export async function readStatusView(readers: ViewReaders, task: Task, nowMs: number): Promise<StatusView> {
  const rounds = await readRounds(readers.db, task);
  const current = rounds.at(-1);
  const shown = rounds.find((round) => round.number === task.publishPlan?.round) ?? current;
  const jobs = current ? await readJobs(readers.db, task, current) : [];
  const cost = task.pin ? await readers.readCost(task) : null;
  const config = task.pin?.config;
  return {
    task: redacted(task, readers.redact),
    now: new Date(nowMs),
    label: readers.label,
    queue: task.state === 'queued' ? await readers.readQueue(task) : null,
    ...(await readWait(readers, task, jobs)),
    phases: phaseRows(jobs, nowMs),
    calls: cost?.calls ?? 0,
    spentNanoUsd: cost?.spentNanoUsd ?? 0n,
    budgetNanoUsd: config ? BigInt(config.taskBudgetNanoUsd) : null,
    spentOn: spentOn(cost),
    ...(await readEndingFacts(readers.db, task)),
    boundMinutes: config ? Math.ceil((config.limits.workMs + config.limits.verifyMs) / 60_000) : null,
    step: redactOrNull(lastStep(jobs), readers.redact),
    verdict: await readVerdict(readers.db, task),
    rounds: rounds.filter((round) => !round.lost).length,
    narrative: redactOrNull(shown?.narrative ?? null, readers.redact),
    totalMs: (task.endedAt?.getTime() ?? nowMs) - task.createdAt.getTime(),
  };
}

/** The largest first. */
function spentOn(cost: TaskCost | null): StatusView['spentOn'] {
  if (!cost) return [];
  const kinds = [
    { name: 'output', nanoUsd: cost.output.nanoUsd },
    { name: 'cache write', nanoUsd: cost.cacheWrite5m.nanoUsd + cost.cacheWrite1h.nanoUsd },
    { name: 'cache read', nanoUsd: cost.cacheRead.nanoUsd },
    { name: 'input', nanoUsd: cost.input.nanoUsd },
  ];
  return kinds
    .filter(({ nanoUsd }) => nanoUsd > 0n)
    .toSorted((a, b) => (a.nanoUsd < b.nanoUsd ? 1 : a.nanoUsd > b.nanoUsd ? -1 : 0));
}

async function readWait(
  readers: ViewReaders,
  task: Task,
  jobs: readonly JobRow[],
): Promise<Pick<StatusView, 'place' | 'held'>> {
  if (!MAY_WAIT.has(task.state)) return { place: null, held: null };
  return { place: await readers.readPlace(task), held: heldOf(jobs, readers.redact) };
}

/** What the platform has against the sandbox that the task waits for: the newest one, of which nothing has begun. */
function heldOf(jobs: readonly JobRow[], redact: (text: string) => string): StatusView['held'] {
  const newest = jobs.at(-1);
  const seen = newest ? observed(newest) : null;
  if (seen?.state !== 'waiting' || !seen.trouble) return null;
  const message = redact(seen.trouble.message);
  return seen.trouble.kind === 'start-failed'
    ? { why: 'not-started', message, patienceMs: START_PATIENCE_MS }
    : { why: 'no-room', message, patienceMs: WAIT_PATIENCE_MS };
}

/** Rounds without their cells, which this view does not need. */
async function readRounds(db: Db, task: Task) {
  return db
    .selectFrom('round')
    .select(['number', 'narrative', 'lost'])
    .where('task_id', '=', task.id)
    .where('attempt', '=', task.attempt)
    .orderBy('number')
    .execute();
}

function lastStep(jobs: readonly { kind: string; reported: unknown }[]): string | null {
  const parsed = Reported.safeParse(jobs.findLast((job) => job.kind === 'work')?.reported);
  return parsed.success ? parsed.data.step : null;
}

async function readVerdict(db: Db, task: Task): Promise<Verdict | null> {
  const row = await db
    .selectFrom('round')
    .select('verdict')
    .where('task_id', '=', task.id)
    .where('attempt', '=', task.attempt)
    .where('number', '=', task.publishPlan?.round ?? task.round)
    .executeTakeFirst();
  const parsed = Verdict.safeParse(row?.verdict);
  return parsed.success ? parsed.data : null;
}

function redacted(task: Task, redact: (text: string) => string): Task {
  if (!task.reason?.detail) return task;
  return { ...task, reason: { ...task.reason, detail: redact(task.reason.detail) } };
}

function redactOrNull(text: string | null, redact: (text: string) => string): string | null {
  return text === null ? null : redact(text);
}
