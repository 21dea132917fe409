/** Asking the cluster whose token it is: our side of the TokenReview API, with only what we use of its answer. */

/** What the API server says about one token for one audience. */
export type ReviewedToken =
  | { readonly authenticated: false }
  | {
      readonly authenticated: true;
      /** Those of the asked audiences that the token is for; empty from a server that knows no audiences. */
      readonly audiences: readonly string[];
      /** `system:serviceaccount:NAMESPACE:NAME` for service accounts. */
      readonly username: string;
      /** Null for a token that is bound to no pod. */
      readonly podName: string | null;
      readonly podUid: string | null;
      /** The API server's own name for the token; null from servers that give none. */
      readonly credentialId: string | null;
    };

/** One adapter: `kube-token-review`. */
export interface TokenReviews {
  /** Error `identity-unavailable` (retry) where the API server gave no answer, or does not let us ask. */
  review(token: string, audience: string): Promise<ReviewedToken>;
}
