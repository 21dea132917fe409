/**
 * Who calls the gateway. One interface, two adapters: random phase tokens by their hash (one machine), projected
 * service-account tokens by TokenReview (Kubernetes). The reason of a refusal goes to the audit, never into the answer.
 */
import type { Phase } from '../result/contract/phase-spec.ts';
import type { TaskId } from '../shared/ids.ts';

/** A proven caller. Whether its phase is still open is read elsewhere (`task/store/check-phase`). */
export interface Caller {
  readonly taskId: TaskId;
  readonly attempt: number;
  readonly round: number;
  readonly jobName: string;
  readonly kind: 'work' | 'verify';
  readonly phase: Phase;
  /** The pod that holds the token; null on one machine. A job binds to the first pod that takes its spec. */
  readonly podUid: string | null;
}

/** The job that a refused token names, where the record has one: unproven, for the audit alone. */
export interface TargetJob {
  readonly taskId: TaskId;
  readonly jobName: string;
}

export type Identified =
  | { readonly ok: true; readonly caller: Caller }
  | { readonly ok: false; readonly reason: string; readonly target?: TargetJob };

export interface Identity {
  /**
   * `from` is the address that the call came from, where there is one: who sends many unknown tokens from there holds up
   * nobody else. Error `identity-unavailable` (retry) when nobody can say; never a pass.
   */
  identify(token: string, from?: string): Promise<Identified>;
}

/** Says within 2 s that a job was closed (abort, seal, last upload, lost), so that its calls in flight are cut. */
export interface JobClosings {
  /**
   * Aborts when the job is closed; already aborted for one that is. Reason `record-silent` (a `GloveboxError`): the record
   * did not answer for too long, which cuts the calls of now and says nothing of the job.
   */
  signalFor(jobName: string): AbortSignal;
}
