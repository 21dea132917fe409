/** Who proves the tokens of sandboxes: the record's own hashes on one machine, the cluster's API server on Kubernetes. */
import type { GatewayEnv } from '../config/env.ts';
import type { Identity } from '../gateway/identity.ts';
import { createLocalIdentity } from '../gateway/local-identity.ts';
import { createTokenReviewIdentity } from '../gateway/token-review-identity.ts';
import type { Checks } from '../shared/readiness.ts';
import type { ProcessParts } from './process-parts.ts';

/** The adapter, what must answer before the gateway is ready, and its end. */
export interface GatewayIdentity {
  readonly identity: Identity;
  readonly checks: Checks;
  close(): Promise<void>;
}

/** Builds it. Error `cluster-unknown`. */
export async function gatewayIdentity(
  sandbox: GatewayEnv['sandbox'],
  { store, clock, log }: Pick<ProcessParts, 'store' | 'clock' | 'log'>,
): Promise<GatewayIdentity> {
  if (sandbox === 'process') {
    return { identity: createLocalIdentity({ db: store.db }), checks: {}, close: async () => {} };
  }
  // the client takes a second to load, and one machine has no use for it
  const [{ openKubeAccess }, { kubeTokenReviews, REVIEW_TIMEOUT_MS }] = await Promise.all([
    import('../job/kube-access.ts'),
    import('../gateway/kube-token-review.ts'),
  ]);
  const access = openKubeAccess({
    callTimeoutMs: REVIEW_TIMEOUT_MS,
    warn: (warning) => log.warn({ warning }, 'the API server warns'),
  });
  const identity = createTokenReviewIdentity({ db: store.db, reviews: kubeTokenReviews(access), clock });
  return { identity, checks: { identity: () => identity.probe() }, close: () => access.close() };
}
