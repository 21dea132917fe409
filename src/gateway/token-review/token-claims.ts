/**
 * What a projected token says about itself. Nothing of it is proven: it only says which audience the API server is to be
 * asked about, and which job in the record that names. A token of another form, or for anybody but us, is not asked about.
 */
import { z } from 'zod';
import { Phase } from '../../result/contract/phase-spec.ts';
import { JOB_NAME } from '../../shared/ids.ts';

/** Unproven until a TokenReview for `audience` says so. */
export interface TokenClaims {
  readonly audience: string;
  readonly phase: Phase;
  readonly jobName: string;
  /** The pod that the token says it is bound to; null where it says nothing. */
  readonly podUid: string | null;
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

/** Why a token is refused without asking anybody. */
export type ClaimsRefusal = 'token-malformed' | 'audience-foreign';

/** Tokens of the clusters we know are 900 to 1,300 characters long. */
const MAX_CHARACTERS = 4_096;
const SEGMENT = '[A-Za-z0-9_-]{1,3072}';
const TOKEN = new RegExp(`^${SEGMENT}\\.(?<payload>${SEGMENT})\\.(?<signature>${SEGMENT})$`);
const AUDIENCE = new RegExp(`^glovebox-(?<phase>fetch|setup|work|deliver)\\.(?<job>${JOB_NAME.source})$`);

const Payload = z.object({
  aud: z.array(z.string()).min(1),
  exp: z.int().min(1).max(9_999_999_999),
  'kubernetes.io': z
    .object({ pod: z.object({ uid: z.string().min(1).max(64) }).optional() })
    .optional()
    .catch(undefined),
});

/** Reads the claims; a token for more than one audience is nobody's of ours. */
export function readTokenClaims(token: string): TokenClaims | ClaimsRefusal {
  const payload = readPayload(token);
  if (!payload) return 'token-malformed';
  const [audience, ...others] = payload.aud;
  const named = AUDIENCE.exec(audience ?? '')?.groups;
  if (audience === undefined || others.length > 0 || !named) return 'audience-foreign';
  return {
    audience,
    phase: Phase.parse(named['phase']),
    jobName: z.string().parse(named['job']),
    podUid: payload['kubernetes.io']?.pod?.uid ?? null,
    expiresAt: payload.exp * 1_000,
  };
}

function readPayload(token: string): z.infer<typeof Payload> | null {
  if (token.length > MAX_CHARACTERS) return null;
  const parts = TOKEN.exec(token)?.groups;
  if (!parts || !isCanonical(parts['signature'] ?? '')) return null;
  try {
    const text = Buffer.from(parts['payload'] ?? '', 'base64url').toString('utf8');
    return Payload.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/**
 * Base64 leaves unused bits in its last character, which API servers ignore: one token would have up to sixteen spellings,
 * each with a hash, and so a review, of its own. The first two segments are covered by the signature as they are spelt.
 */
function isCanonical(segment: string): boolean {
  return Buffer.from(segment, 'base64url').toString('base64url') === segment;
}
