/**
 * What agents, judges and people do to the record while the controller is measured: each task at work uploads a change set
 * (further ones would be the gateway's load alone: nobody is woken by them), seals at the end of its life, and is judged;
 * for each one that ends another one is asked for.
 */
import type { JobSpec } from '../src/job/sandbox.ts';
import type { Digest } from '../src/shared/digest.ts';
import type { Db } from '../src/task/open-database.ts';
import { putChangeSet } from '../src/task/store/change-set-blob.ts';
import { readPhase } from '../src/task/store/check-phase.ts';
import { recordUpload } from '../src/task/store/record-upload.ts';
import { sealRound } from '../src/task/store/seal-round.ts';
import { takeBaseResults } from '../src/task/store/take-base-results.ts';
import { takeNewResults } from '../src/task/store/take-new-results.ts';
import { wakeTask } from '../src/task/store/wake-task.ts';
import { changeTo } from '../test/fakes/fake-runner.ts';
import type { FakeCluster } from './fake-cluster.ts';
import { type LiveTask, newTask } from './live-tasks.ts';

/** How long an agent works, in milliseconds. */
const LIFE_MS = 600_000;
/** How long a judge takes over its cells. */
const VERIFY_MS = 2_000;
const TICK_MS = 50;

/**
 * Told of each moment at which a task became due: as the last word of the transaction that makes it so, which holds the
 * task's row, so that no pass begins between the word and what it means.
 */
export type Due = (taskId: string) => void;

export class TaskTraffic {
  readonly #db: Db;
  readonly #cluster: FakeCluster;
  readonly #due: Due;
  readonly #live: LiveTask[];
  readonly #running = new Set<Promise<void>>();
  readonly #uploads = new Map<string, Digest>();
  readonly #seals = new Map<string, Digest>();
  #timer: NodeJS.Timeout | null = null;
  #nth: number;
  #owed = { uploads: 0, seals: 0 };

  constructor(options: {
    readonly db: Db;
    readonly cluster: FakeCluster;
    readonly live: readonly LiveTask[];
    readonly seeded: number;
    readonly due: Due;
  }) {
    this.#db = options.db;
    this.#cluster = options.cluster;
    this.#live = [...options.live];
    this.#nth = options.seeded;
    this.#due = options.due;
    this.#cluster.onLaunch = (spec) => this.#launched(spec);
  }

  get live(): number {
    return this.#live.length;
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    this.#cluster.onLaunch = () => {};
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #tick(): void {
    this.#owed.uploads += (this.#live.length * TICK_MS) / LIFE_MS;
    this.#owed.seals += (this.#live.length * TICK_MS) / LIFE_MS;
    for (; this.#owed.uploads >= 1; this.#owed.uploads -= 1) this.#run(this.#upload(this.#any()));
    for (; this.#owed.seals >= 1; this.#owed.seals -= 1) this.#run(this.#seal(this.#take()));
  }

  #launched(spec: JobSpec): void {
    if (spec.kind === 'work') this.#run(this.#begin(spec));
    else this.#run(this.#verify(spec));
  }

  /** A new work job: its fetch phase, then its agent is one of those at work. */
  async #begin(spec: JobSpec): Promise<void> {
    for (const phase of ['fetch', 'work'] as const) {
      await this.#db.transaction().execute(async (trx) => {
        await readPhase(trx, { taskId: spec.taskId, jobName: spec.name, phase, podUid: null });
        this.#due(spec.taskId);
      });
    }
    this.#live.push({ id: spec.taskId, job: spec.name });
  }

  async #upload(task: LiveTask | undefined): Promise<void> {
    if (!task || this.#uploads.has(task.id)) return;
    const digest = await this.#put(`upload ${Math.random()}`);
    await this.#db
      .transaction()
      .execute(async (trx) => {
        await recordUpload(trx, { ...roundOf(task), jobName: task.job, digest });
        this.#due(task.id);
      })
      .catch(() => {}); // sealed meanwhile
    this.#uploads.set(task.id, digest);
  }

  async #seal(task: LiveTask | undefined): Promise<void> {
    if (!task) return;
    const digest = this.#uploads.get(task.id) ?? (await this.#put(`seal ${task.id}`));
    await this.#db.transaction().execute(async (trx) => {
      const sealed = {
        ...roundOf(task),
        digest,
        by: 'work',
        narrative: 'as asked',
        workEnd: 'finished',
      } as const;
      await sealRound(trx, sealed);
      this.#due(task.id);
    });
    this.#uploads.delete(task.id);
    this.#seals.set(task.id, digest);
    this.#cluster.end(task.job);
    await this.#ask();
  }

  /** Somebody labels another issue. */
  async #ask(): Promise<void> {
    const row = newTask(this.#nth);
    this.#nth += 1;
    await this.#db.transaction().execute(async (trx) => {
      await trx.insertInto('task').values(row).execute();
      await wakeTask(trx, row.id);
      this.#due(row.id);
    });
  }

  async #verify(spec: JobSpec): Promise<void> {
    const caller = { taskId: spec.taskId, jobName: spec.name, phase: 'deliver' as const, podUid: null };
    await this.#db.transaction().execute(async (trx) => {
      const { open, job } = await readPhase(trx, caller);
      if (open) await takeBaseResults(trx, job, { cells: [] });
      this.#due(spec.taskId);
    });
    const digest = await this.#sealed(spec);
    if (digest === null) return;
    await this.#db.transaction().execute(async (trx) => {
      const { open, job } = await readPhase(trx, caller);
      if (open) await takeNewResults(trx, job, { digest, complete: true, cells: [] });
      this.#due(spec.taskId);
    });
    this.#cluster.end(spec.name);
  }

  /** Deliver's polls for the seal are the gateway's load: here they ask nobody. */
  async #sealed(spec: JobSpec): Promise<Digest | null> {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, VERIFY_MS));
      if (this.#timer === null || (await this.#cluster.observe(spec.name)) === null) return null;
      const digest = this.#seals.get(spec.taskId);
      if (digest !== undefined) return digest;
    }
  }

  #put(content: string): Promise<Digest> {
    return this.#db.transaction().execute((trx) => putChangeSet(trx, changeTo(content)));
  }

  #any(): LiveTask | undefined {
    return this.#live[Math.floor(Math.random() * this.#live.length)];
  }

  #take(): LiveTask | undefined {
    const [task] = this.#live.splice(Math.floor(Math.random() * this.#live.length), 1);
    return task;
  }

  #run(work: Promise<void>): void {
    const ended = work.finally(() => this.#running.delete(ended));
    this.#running.add(ended);
  }
}

function roundOf(task: LiveTask): { taskId: string; attempt: number; round: number } {
  return { taskId: task.id, attempt: 1, round: 1 };
}
