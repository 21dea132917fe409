/**
 * Identity on Kubernetes: each container's projected token has an audience that names phase and job, and the API server
 * says whose it is. Whose it is never changes, so it stands in this process's memory and in the record, where every
 * replica finds it, until the token expires; whether its phase is open is read anew each time (`task/store/check-phase`).
 */
import type { Clock } from '../shared/clock.ts';
import { GloveboxError } from '../shared/errors.ts';
import { tokenHash } from '../shared/token.ts';
import type { Db } from '../task/open-database.ts';
import { findNamedJob, type NamedJob } from '../task/store/find-named-job.ts';
import { saveProvenToken } from '../task/store/save-proven-token.ts';
import type { Caller, Identified, Identity } from './identity.ts';
import { createReviewGate, type ReviewGate } from './token-review/review-gate.ts';
import { readTokenClaims, type TokenClaims } from './token-review/token-claims.ts';
import { TokenMemory } from './token-review/token-memory.ts';
import type { ReviewedToken, TokenReviews } from './token-review/token-review.ts';

export interface TokenReviewIdentityDeps {
  readonly db: Db;
  readonly reviews: TokenReviews;
  readonly clock: Clock;
}

/** The adapter, and whether it can do its part. */
export interface TokenReviewIdentity extends Identity {
  /**
   * Resolves where the API server answers our reviews, or once did: what is known goes on without it. Error
   * `identity-unavailable`, also where our own account may not ask.
   */
  probe(): Promise<void>;
}

/** The only account whose tokens count, in the namespace of the job's own pod. */
const SANDBOX_ACCOUNT = 'sandbox';
/**
 * Builds the adapter. Reasons of refusals: `token-malformed`, `audience-foreign`, `job-unknown`, `token-not-authenticated`,
 * `account-foreign`, `namespace-foreign`, `pod-missing`, `pod-foreign`. Errors: `identity-unavailable` where the record or
 * the API server gives no answer, or where too many unknown tokens came from the same place.
 */
export function createTokenReviewIdentity(deps: TokenReviewIdentityDeps): TokenReviewIdentity {
  const memory = new TokenMemory(deps.clock);
  const gate = createReviewGate(deps.clock);
  const looking = new Map<string, Promise<Identified>>();
  let hasAnswered = false;
  return {
    async probe() {
      if (!hasAnswered) await deps.reviews.review('probe', 'glovebox-probe');
      hasAnswered = true;
    },
    async identify(token, from) {
      const hash = tokenHash(token);
      const recalled = memory.recall(hash) ?? looking.get(hash);
      if (recalled) return recalled;
      const claims = readTokenClaims(token);
      if (typeof claims === 'string') return { ok: false, reason: claims };
      const look = lookUp({ ...deps, memory, gate }, { token, hash, claims, from: from ?? null });
      looking.set(hash, look);
      return look.finally(() => looking.delete(hash));
    },
  };
}

interface LookDeps extends TokenReviewIdentityDeps {
  readonly memory: TokenMemory;
  readonly gate: ReviewGate;
}

interface Presented {
  readonly token: string;
  readonly hash: string;
  readonly claims: TokenClaims;
  readonly from: string | null;
}

async function lookUp(deps: LookDeps, presented: Presented): Promise<Identified> {
  const { clock, memory } = deps;
  const { hash, claims } = presented;
  const named = await fromStore(() => findNamedJob(deps.db, { jobName: claims.jobName, hash }));
  const { proven } = named ?? {};
  if (named && proven && clock.now() < proven.expiresAt.getTime()) {
    const caller = callerOf(named.job, proven);
    memory.keep(hash, caller, proven.expiresAt.getTime());
    return { ok: true, caller };
  }
  const identified = named ? await prove(deps, presented, named.job) : refusal('job-unknown', null);
  if (identified.ok) memory.keep(hash, identified.caller, claims.expiresAt);
  else memory.keepRefusal(hash, identified);
  return identified;
}

/** Asks the API server, and writes down what it proved. */
async function prove(deps: LookDeps, presented: Presented, job: NamedJob): Promise<Identified> {
  const { token, hash, claims, from } = presented;
  const isOfBoundPod = claims.podUid !== null && claims.podUid === job.boundUid;
  const reviewed = await deps.gate({ jobName: job.name, isOfBoundPod, from }, () =>
    deps.reviews.review(token, claims.audience),
  );
  if (!reviewed) throw unavailable('too many unknown tokens are asked about');
  const reason = refusalOf(reviewed, claims, job);
  if (reason || !reviewed.authenticated) return refusal(reason ?? 'token-not-authenticated', job);
  const podUid = reviewed.podUid ?? '';
  const { phase } = claims;
  const { credentialId } = reviewed;
  const expiresAt = new Date(claims.expiresAt);
  const proof = { hash, jobName: job.name, phase, podUid, credentialId, expiresAt };
  await fromStore(() => saveProvenToken(deps.db, proof));
  return { ok: true, caller: callerOf(job, { phase, podUid }) };
}

function refusalOf(reviewed: ReviewedToken, claims: TokenClaims, job: NamedJob): string | null {
  if (!reviewed.authenticated || !reviewed.audiences.includes(claims.audience)) {
    return 'token-not-authenticated';
  }
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(reviewed.username) ?? [];
  if (account !== SANDBOX_ACCOUNT) return 'account-foreign';
  if (job.namespace === null || namespace !== job.namespace) return 'namespace-foreign';
  if (!reviewed.podUid || !reviewed.podName) return 'pod-missing';
  return reviewed.podName.startsWith(`${job.name}-`) ? null : 'pod-foreign';
}

function callerOf(
  job: NamedJob,
  { phase, podUid }: { readonly phase: Caller['phase']; readonly podUid: string },
): Caller {
  const { taskId, attempt, round, name, kind } = job;
  return { taskId, attempt, round, jobName: name, kind, phase, podUid };
}

function refusal(reason: string, job: NamedJob | null): Identified {
  return job
    ? { ok: false, reason, target: { taskId: job.taskId, jobName: job.name } }
    : { ok: false, reason };
}

async function fromStore<Result>(read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (cause) {
    throw unavailable('the store did not answer', cause);
  }
}

function unavailable(why: string, cause?: unknown): GloveboxError {
  return new GloveboxError({
    code: 'identity-unavailable',
    message: `Nobody can say whose token this is: ${why}. Try again.`,
    retry: true,
    cause,
  });
}
