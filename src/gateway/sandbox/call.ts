/** What every handler of the sandbox API gets, and the check of its phase in a transaction of its own. */
import type { UntrustedBlock } from '../../result/contract/phase-spec.ts';
import type { Clock } from '../../shared/clock.ts';
import type { RandomBytes } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { Db } from '../../task/open-database.ts';
import { type LockedJob, readPhase } from '../../task/store/check-phase.ts';
import type { Caller, Identity, JobClosings } from '../identity.ts';
import type { RecordRefusal } from '../record-refusal.ts';
import { Refusal } from '../refusal.ts';

/** Which attempt's conversation or output is meant. */
export interface AttemptKey {
  readonly taskId: string;
  readonly attempt: number;
}

/** What the sandbox routes need of the rest. */
export interface SandboxDeps {
  readonly db: Db;
  readonly identity: Identity;
  readonly closings: JobClosings;
  readonly recordRefusal: RecordRefusal;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  /** The recorded `messages` of an attempt's longest chain; hostile. */
  readConversation(db: Db, key: AttemptKey): Promise<readonly unknown[]>;
  /** What a judged round's checks printed, for the round that is to mend it; hostile. */
  readFailingOutput(db: Db, key: AttemptKey & { readonly round: number }): Promise<readonly UntrustedBlock[]>;
  /** Those of the paths that count as tests (`result/classify-path`). */
  classifyHarness(paths: readonly string[]): readonly string[];
}

/** One authenticated call. */
export interface Call {
  readonly caller: Caller;
  readonly request: Request;
  /** Charges the job for a body that was read. */
  onBytes(bytes: number): void;
}

/**
 * Runs `work` in a transaction that holds the job's locks while its phase is open. Errors: `Refusal` `phase-closed`;
 * whatever `work` throws rolls everything back.
 */
export function withOpenPhase<Result>(
  deps: Pick<SandboxDeps, 'db'>,
  caller: Caller,
  work: (trx: Db, job: LockedJob) => Promise<Result>,
): Promise<Result> {
  return deps.db.transaction().execute(async (trx) => {
    const standing = await readPhase(trx, caller);
    if (!standing.open) throw new Refusal('phase-closed', standing.reason);
    return work(trx, standing.job);
  });
}

/** Throws where the phase is closed; enters it otherwise. Comes before a body is read. */
export async function requireOpenPhase(deps: Pick<SandboxDeps, 'db'>, caller: Caller): Promise<void> {
  await withOpenPhase(deps, caller, async () => undefined);
}

/** An empty answer of success. */
export function noContent(): Response {
  return new Response(null, { status: 204 });
}
