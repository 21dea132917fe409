/**
 * The HTTP contract between a sandbox's phases and the gateway. All paths lie under the gateway's origin; identity is
 * `Authorization: Bearer TOKEN` with the phase's own token, which the runner reads from its file at each call. Errors are
 * `{ error: { code, message } }`: 401 `unauthenticated` (any reason: the audit has the detail), 403 `phase-closed`
 * (this phase, job or round is over: stop), 409 `conflict` (first write won), 413 `too-large`, 422 `invalid`,
 * 503 `unavailable` with `retry-after` (ours: retry). Model calls (`/v1/...`) speak Anthropic's envelopes instead.
 */
import { z } from 'zod';
import { Digest } from '../../shared/digest.ts';
import { LimitKind } from './cell.ts';
import { Phase } from './phase-spec.ts';

/** Paths of the gateway, by what they carry. */
export const GATEWAY_PATHS = {
  /** GET -> PhaseSpec. The first accepted call of a phase closes earlier phases' tokens. */
  spec: '/sandbox/spec',
  /** POST Heartbeat -> HeartbeatAnswer. */
  heartbeat: '/sandbox/heartbeat',
  /** PUT ChangeSet (work only) -> UploadAnswer. The last one wins until the seal. */
  changeSet: '/sandbox/change-set',
  /** POST Seal (work only) -> UploadAnswer. First write wins; closes the work job. */
  seal: '/sandbox/seal',
  /** PUT BaseResults (deliver only), once; 204. The same bytes again: 204; others: 409. */
  baseResults: '/sandbox/results/base',
  /** GET (deliver only): 200 SealedSet; 204 not sealed yet; 410 nothing will come; 409 base results are not in. */
  sealed: '/sandbox/sealed',
  /** PUT NewResults (deliver only), once, for the sealed digest only; 204. The last upload of the verify job closes it. */
  newResults: '/sandbox/results/new',
  /** Git read proxy (fetch only): `GET info/refs?service=git-upload-pack`, `POST git-upload-pack`, protocol v2. */
  git: '/git/repo.git',
} as const;

/** The numbers of a failure's sentence. Whatever else there is to say stands in its message, which is only quoted. */
export const FailureFacts = z.strictObject({
  /** fetch: what the base needs. */
  tree: z.strictObject({ unit: z.enum(['files', 'bytes']), needs: z.int().min(0) }).optional(),
  /** setup: which of its commands, from 0, and how it ended. */
  command: z
    .strictObject({
      index: z.int().min(0),
      exitCode: z.int().min(0).max(255).nullable(),
      limit: LimitKind.nullable(),
    })
    .optional(),
});
export type FailureFacts = z.infer<typeof FailureFacts>;

/** Why a phase could not do its part; said on the issue by its code and facts, never in the sandbox's words. */
export const PhaseFailure = z.strictObject({
  code: z.enum([
    'fence-not-in-force',
    'credential-found',
    'fetch-failed',
    'tree-unsupported',
    'setup-failed',
    'change-set-refused',
    'limit',
    'internal',
  ]),
  message: z.string().max(2_000),
  /** Last lines of the command's output where there is one. */
  outputTail: z.string().max(20_000).nullable(),
  facts: FailureFacts.optional(),
});
export type PhaseFailure = z.infer<typeof PhaseFailure>;

/** How the agent's loop ended, as the runner reports it. */
export const WorkEnd = z.enum([
  'finished',
  'end-of-turn',
  'turn-limit',
  'time-limit',
  'budget',
  'context',
  'refused',
  'failed',
]);
export type WorkEnd = z.infer<typeof WorkEnd>;

/** What a phase says of its surroundings. */
export const PhaseFacts = z.strictObject({
  /** Limits that this system does not offer, by name. */
  notLimited: z.array(z.string().max(60)).max(10),
  /** Copy method and its time, where a copy was made. */
  copy: z.strictObject({ method: z.enum(['overlay', 'reflink', 'cp']), ms: z.int().min(0) }).nullable(),
  trackedFiles: z.int().min(0).nullable(),
});
export type PhaseFacts = z.infer<typeof PhaseFacts>;

/** Sent at least every 15 s. Everything in it is "as reported". */
export const Heartbeat = z.strictObject({
  phase: Phase,
  state: z.enum(['running', 'done', 'failed']),
  /** One line for the status comment, e.g. `edited src/parse-duration.ts`. */
  step: z.string().max(300).nullable(),
  failure: PhaseFailure.nullable(),
  facts: PhaseFacts.nullable(),
});
export type Heartbeat = z.infer<typeof Heartbeat>;

/** `stop`: finish now, upload what there is. `verifyEnded`: the verify container is dead, deliver what it left. */
export const HeartbeatAnswer = z.strictObject({ stop: z.boolean(), verifyEnded: z.boolean() });
export type HeartbeatAnswer = z.infer<typeof HeartbeatAnswer>;

/** Ends work: the digest of the last uploaded change set and the agent's own words (quoted, never believed). */
export const Seal = z.strictObject({ digest: Digest, narrative: z.string().max(20_000), end: WorkEnd });
export type Seal = z.infer<typeof Seal>;

export const UploadAnswer = z.strictObject({ digest: Digest });
export type UploadAnswer = z.infer<typeof UploadAnswer>;
