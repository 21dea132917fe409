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
  { store, clock }: Pick<ProcessParts, 'store' | 'clock'>,
): Promise<GatewayIdentity> {
  if (sandbox === 'process') {
    return { identity: createLocalIdentity({ db: store.db }), checks: {}, close: async () => {} };
  }
  // the client takes a second to load, and one machine has no use for it
  const { kubeTokenReviews } = await import('../gateway/kube-token-review.ts');
  const reviews = kubeTokenReviews();
  const identity = createTokenReviewIdentity({ db: store.db, reviews, clock });
  return { identity, checks: { identity: () => identity.probe() }, close: () => reviews.close() };
}
