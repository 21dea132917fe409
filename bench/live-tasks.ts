/** Puts tasks into an empty store as a busy controller would have left them: agents at work, and a queue behind them. */
import { sql } from 'kysely';
import { jobSpec } from '../src/job/job-spec.ts';
import { jobName, newTaskId, systemRandom } from '../src/shared/ids.ts';
import type { Db } from '../src/task/open-database.ts';
import type { Pin } from '../src/task/task.ts';
import { buildAttemptConfig } from '../test/builders/attempt-config.ts';
import { buildTask } from '../test/builders/task-record.ts';
import { buildPin } from '../test/builders/task-row.ts';
import type { FakeCluster } from './fake-cluster.ts';

/** Tasks are spread over so many installations, repositories of each, and sandbox namespaces. */
export const INSTALLATIONS = 25;
const REPOSITORIES = 10;
const NAMESPACES = 4;
/** Rows of one statement. */
const CHUNK = 200;
/** When the controller had planned to look at them, at the latest, in milliseconds. */
const LIVE_LOOK_MS = 600_000;
const QUEUE_LOOK_MS = 300_000;
const PHASES = ['fetch', 'work'] as const;

/** A task that is at work. */
export interface LiveTask {
  readonly id: string;
  readonly job: string;
}

/** The pin of the nth task: its sandboxes run in one of the namespaces. */
export function pinOf(nth: number): Pin {
  const config = buildAttemptConfig();
  const pod = {
    namespace: `sandboxes-${nth % NAMESPACES}`,
    cpuMillis: 1_000,
    runtimeClass: null,
    nodeSelector: {},
    tolerations: [],
    queue: null,
  };
  const template = { ...config.template, isolation: 'pod' as const, image: 'node:24', pod };
  return buildPin({ config: { ...config, template } });
}

/** Columns of the nth new task, accepted and not pinned. */
export function newTask(nth: number) {
  const task = buildTask();
  return {
    id: newTaskId(systemRandom),
    installation_id: BigInt(1 + (nth % INSTALLATIONS)),
    repository_id: BigInt(1 + (nth % (INSTALLATIONS * REPOSITORIES))),
    owner: 'octo-org',
    repo: `clock-${nth % (INSTALLATIONS * REPOSITORIES)}`,
    private: false,
    issue_number: 1 + nth,
    state: 'accepted',
    requester: JSON.stringify(task.requester),
    snapshot: JSON.stringify(task.snapshot),
    snapshot_digest: task.snapshotDigest,
  };
}

/** `live` tasks at work, each with its running work job, and `queued` behind them. */
export async function seedLiveTasks(
  db: Db,
  cluster: FakeCluster,
  counts: { readonly live: number; readonly queued: number },
): Promise<readonly LiveTask[]> {
  const live: LiveTask[] = [];
  for (let from = 0; from < counts.live + counts.queued; from += CHUNK) {
    const to = Math.min(from + CHUNK, counts.live + counts.queued);
    const rows = Array.from({ length: to - from }, (_, index) => seededTask(from + index, counts.live));
    await db
      .insertInto('task')
      .values(rows.map(({ row }) => row))
      .execute();
    const working = rows.filter(({ row }) => row.state === 'working');
    if (working.length > 0) live.push(...(await seedJobs(db, cluster, working)));
  }
  // As a database is that has run for a while: its planner knows the tables.
  await sql`analyze`.execute(db);
  return live;
}

type Seeded = ReturnType<typeof seededTask>;

function seededTask(nth: number, live: number) {
  const pin = pinOf(nth);
  const namespace = pin.config.template.pod?.namespace ?? null;
  const row = {
    ...newTask(nth),
    state: nth < live ? 'working' : 'queued',
    pin: JSON.stringify(pin),
    namespace,
    wake_at: new Date(Date.now() + Math.random() * (nth < live ? LIVE_LOOK_MS : QUEUE_LOOK_MS)),
    surface_due_at: null,
  };
  return { row, pin, namespace };
}

async function seedJobs(db: Db, cluster: FakeCluster, tasks: readonly Seeded[]): Promise<LiveTask[]> {
  await db
    .insertInto('round')
    .values(tasks.map(({ row }) => ({ task_id: row.id, attempt: 1, number: 1 })))
    .execute();
  const jobs = tasks.map(({ row, pin, namespace }) => {
    const task = buildTask({ id: row.id });
    const spec = jobSpec({ task, pin, kind: 'work', number: 1, workLeftMs: 0 });
    const key = { taskId: row.id, attempt: 1, round: 1, kind: 'work' as const, number: 1 };
    const name = jobName(key);
    return {
      name,
      observation: JSON.stringify(cluster.adopt(name, PHASES)),
      task_id: row.id,
      attempt: 1,
      round: 1,
      kind: 'work',
      number: 1,
      spec: JSON.stringify(spec),
      phase: 'work',
      namespace,
      launched_at: new Date(),
    };
  });
  await db.insertInto('job').values(jobs).execute();
  return jobs.map((job) => ({ id: job.task_id, job: job.name }));
}
