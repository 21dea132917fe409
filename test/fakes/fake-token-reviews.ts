/** A cluster that mints projected tokens and reviews them, as far as the gateway sees of one. */
import { randomBytes } from 'node:crypto';
import type { ReviewedToken, TokenReviews } from '../../src/gateway/token-review/token-review.ts';
import { GloveboxError } from '../../src/shared/errors.ts';

/** What a token is minted from; everything may be left out. */
export interface MintWish {
  readonly audiences: readonly string[];
  readonly namespace?: string;
  readonly account?: string;
  /** Null: bound to no pod. */
  readonly pod?: { readonly name: string; readonly uid: string } | null;
  /** Unix milliseconds. */
  readonly expiresAt?: number;
}

/** Counts reviews; `isAway` lets them fail as those of an API server that does not answer. */
export class FakeTokenReviews implements TokenReviews {
  readonly reviewed: { readonly token: string; readonly audience: string }[] = [];
  isAway = false;
  readonly #minted = new Map<string, MintWish>();
  readonly #deletedPods = new Set<string>();

  mint(wish: MintWish): string {
    const { audiences: aud, namespace = 'glovebox-sandbox', account = 'sandbox', pod = null } = wish;
    const claims = {
      aud,
      exp: Math.floor((wish.expiresAt ?? Date.now() + 600_000) / 1_000),
      'kubernetes.io': { namespace, serviceaccount: { name: account }, ...(pod ? { pod } : {}) },
    };
    const token = [encode({ alg: 'RS256', kid: 'test' }), encode(claims), randomSegment(256)].join('.');
    this.#minted.set(token, wish);
    return token;
  }

  /** The same claims under a signature that nobody made. */
  forge(token: string): string {
    return token.replace(/[^.]+$/, randomSegment(256));
  }

  deletePod(uid: string): void {
    this.#deletedPods.add(uid);
  }

  async review(token: string, audience: string): Promise<ReviewedToken> {
    this.reviewed.push({ token, audience });
    if (this.isAway) throw away();
    const wish = this.#minted.get(token);
    const isValid = wish?.audiences.includes(audience) && !this.#deletedPods.has(wish.pod?.uid ?? '');
    if (!wish || !isValid || (wish.expiresAt ?? Infinity) < Date.now()) return { authenticated: false };
    const { namespace = 'glovebox-sandbox', account = 'sandbox', pod = null } = wish;
    return {
      authenticated: true,
      audiences: [audience],
      username: `system:serviceaccount:${namespace}:${account}`,
      podName: pod?.name ?? null,
      podUid: pod?.uid ?? null,
      credentialId: 'JTI=test',
    };
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function randomSegment(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}

function away(): GloveboxError {
  return new GloveboxError({ code: 'identity-unavailable', message: 'The API server is away.', retry: true });
}
