/**
 * Plays the runner and the gateway behind a fake sandbox: each job of a round does what its script says, through the same
 * store statements that the gateway uses.
 */
import type { JobSpec, PhaseEndReason } from '../../src/job/sandbox.ts';
import type { ChangeSet } from '../../src/result/contract/change-set.ts';
import type { Phase } from '../../src/result/contract/phase-spec.ts';
import { Digest } from '../../src/shared/digest.ts';
import type { Db } from '../../src/task/open-database.ts';
import { emptyChangeSet, putChangeSet } from '../../src/task/store/change-set-blob.ts';
import { readPhase } from '../../src/task/store/check-phase.ts';
import { recordUpload } from '../../src/task/store/record-upload.ts';
import { sealRound } from '../../src/task/store/seal-round.ts';
import { takeBaseResults } from '../../src/task/store/take-base-results.ts';
import { takeNewResults } from '../../src/task/store/take-new-results.ts';
import { BASE_SHA } from '../builders/task-row.ts';
import type { FakeSandbox } from './fake-sandbox.ts';

/** What a work job does: upload, then seal, end by a reason without a seal, or go on for ever. */
export interface WorkScript {
  readonly upload: ChangeSet | null;
  readonly end: 'seal' | 'hang' | 'lose' | PhaseEndReason;
}

/** What a verify job does once it is sealed: deliver everything, or end so. */
export type VerifyScript = 'deliver' | 'hang' | 'lose' | PhaseEndReason;

/** A change set that writes one file with this content. */
export function changeTo(content: string): ChangeSet {
  const contentBase64 = Buffer.from(content).toString('base64');
  return {
    ...emptyChangeSet(BASE_SHA),
    entries: [{ op: 'put', path: 'src/parse-duration.ts', mode: '100644', contentBase64 }],
  };
}

export class FakeRunner {
  readonly #db: Db;
  readonly #sandbox: FakeSandbox;
  readonly #running = new Set<Promise<void>>();
  work: (spec: JobSpec) => WorkScript = (spec) => ({ upload: changeTo(`round ${spec.round}`), end: 'seal' });
  verify: (spec: JobSpec) => VerifyScript = () => 'deliver';

  constructor(db: Db, sandbox: FakeSandbox) {
    this.#db = db;
    this.#sandbox = sandbox;
    sandbox.onLaunch = (spec) => this.#start(spec);
  }

  /** Resolves when every job has done what it does by itself. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #start(spec: JobSpec): void {
    const run = (spec.kind === 'work' ? this.#work(spec) : this.#verify(spec)).finally(() =>
      this.#running.delete(run),
    );
    this.#running.add(run);
  }

  async #work(spec: JobSpec): Promise<void> {
    await this.#pass(spec, ['fetch', 'setup']);
    const script = this.work(spec);
    const upload = script.upload ?? emptyChangeSet(BASE_SHA);
    const digest = await this.#write(spec, 'work', (trx) => putChangeSet(trx, upload));
    if (!digest) return;
    const at = { taskId: spec.taskId, attempt: spec.attempt, round: spec.round, digest };
    if (script.upload) {
      await this.#write(spec, 'work', (trx) => recordUpload(trx, { ...at, jobName: spec.name }));
    }
    if (script.end === 'seal') await this.#seal(spec, at);
    else this.#endAs(spec, 'work', script.end);
  }

  async #seal(
    spec: JobSpec,
    at: { taskId: string; attempt: number; round: number; digest: Digest },
  ): Promise<void> {
    await this.#write(spec, 'work', (trx) =>
      sealRound(trx, { ...at, by: 'work', narrative: 'as asked', workEnd: 'finished' }),
    );
    this.#sandbox.end(spec.name, 'work', 'completed');
  }

  async #verify(spec: JobSpec): Promise<void> {
    await this.#pass(spec, ['fetch', 'setup']);
    await this.#write(spec, 'deliver', (trx, job) => takeBaseResults(trx, job, { cells: [] }));
    const digest = await this.#sealed(spec);
    const script = this.verify(spec);
    if (!digest || script === 'hang') return;
    if (script !== 'deliver') return this.#endAs(spec, 'verify', script);
    this.#sandbox.end(spec.name, 'verify', 'completed');
    await this.#write(spec, 'deliver', (trx, job) =>
      takeNewResults(trx, job, { digest, complete: true, cells: [] }),
    );
    this.#sandbox.end(spec.name, 'deliver', 'completed');
  }

  /** Polls like deliver does, until the seal, or until the job is over. */
  async #sealed(spec: JobSpec): Promise<Digest | null> {
    while ((await this.#sandbox.observe(spec.name))?.state === 'running') {
      const row = await this.#db
        .selectFrom('round')
        .select('sealed_digest')
        .where('task_id', '=', spec.taskId)
        .where('attempt', '=', spec.attempt)
        .where('number', '=', spec.round)
        .executeTakeFirst();
      if (row?.sealed_digest) return Digest.parse(row.sealed_digest);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return null;
  }

  async #pass(spec: JobSpec, phases: readonly Phase[]): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    for (const phase of phases.filter((name) => spec.phases.includes(name))) {
      await this.#write(spec, phase, async () => null);
      this.#sandbox.end(spec.name, phase, 'completed');
    }
  }

  #endAs(spec: JobSpec, phase: Phase, how: 'hang' | 'lose' | PhaseEndReason): void {
    if (how === 'hang') return;
    if (how === 'lose') this.#sandbox.lose(spec.name);
    else this.#sandbox.end(spec.name, phase, how);
  }

  /** One request through the gateway's door: null where the phase is closed. */
  async #write<Result>(
    spec: JobSpec,
    phase: Phase,
    write: (trx: Db, job: Parameters<typeof takeBaseResults>[1]) => Promise<Result>,
  ): Promise<Result | null> {
    return this.#db.transaction().execute(async (trx) => {
      const standing = await readPhase(trx, {
        taskId: spec.taskId,
        jobName: spec.name,
        phase,
        podUid: null,
      });
      return standing.open ? write(trx, standing.job) : null;
    });
  }
}
