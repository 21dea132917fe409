/**
 * What one phase of a sandbox is told to do: the answer of `GET /sandbox/spec`. Holds no credential. Every phase gets
 * its own variant, so a phase learns nothing of another's business.
 */
import { z } from 'zod';
import { Digest } from '../../shared/digest.ts';
import { ChangeSet } from './change-set.ts';

/** Phases in their order; `work` and `deliver` end their jobs. */
export const PHASES = ['fetch', 'setup', 'work', 'verify', 'deliver'] as const;
export const Phase = z.enum(PHASES);
export type Phase = z.infer<typeof Phase>;

/** How a `tests` check reports: a file inside the workspace, or `-` for standard output (TAP only). */
export const ReportSpec = z.strictObject({
  format: z.enum(['junit', 'tap']),
  path: z.string().min(1).max(500),
});
export type ReportSpec = z.infer<typeof ReportSpec>;

/** One check of the repository's configuration. `run` is given to `/bin/sh -c`: it is the repository's own text at the base. */
export const CheckSpec = z.strictObject({
  name: z.string().min(1).max(100),
  run: z.string().min(1).max(4_000),
  kind: z.enum(['tests', 'command']),
  /** Required for `tests`, absent for `command`. */
  report: ReportSpec.nullable(),
  timeoutMs: z.int().min(1_000),
});
export type CheckSpec = z.infer<typeof CheckSpec>;

/** Limits inside a sandbox; null is "not limited here", and is said. */
export const SandboxLimits = z.strictObject({
  wallClockMs: z.int().min(1_000),
  memoryBytes: z.int().min(1),
  processes: z.int().min(1),
  diskBytes: z.int().min(1),
  /** Files in the workspace, the base's own included. */
  files: z.int().min(1),
  /** Standard output and error of one command. */
  outputBytes: z.int().min(1),
});
export type SandboxLimits = z.infer<typeof SandboxLimits>;

const Common = { taskId: z.string(), job: z.string(), limits: SandboxLimits };

/** fetch: clone `baseSha` from the gateway's git read proxy into `source`. */
export const FetchSpec = z.strictObject({
  phase: z.literal('fetch'),
  ...Common,
  /** Path on the gateway, e.g. `/git/repo.git`. */
  gitPath: z.string().startsWith('/'),
  baseSha: z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/),
});
export type FetchSpec = z.infer<typeof FetchSpec>;

/** setup: run the repository's commands in `prepared`, a copy of `source`. */
export const SetupSpec = z.strictObject({
  phase: z.literal('setup'),
  ...Common,
  commands: z.array(z.string().min(1).max(4_000)),
  timeoutMs: z.int().min(1_000),
});
export type SetupSpec = z.infer<typeof SetupSpec>;

/** Text from outside, each block fenced by the runner with a nonce of its own. */
export const UntrustedBlock = z.strictObject({ label: z.string().max(200), text: z.string().max(200_000) });
export type UntrustedBlock = z.infer<typeof UntrustedBlock>;

/** work: run the agent on the issue. */
export const WorkSpec = z.strictObject({
  phase: z.literal('work'),
  ...Common,
  baseSha: z.string(),
  model: z.string().min(1),
  maxOutputTokens: z.int().min(1),
  contextTokens: z.int().min(1),
  maxTurns: z.int().min(1),
  /** The first is the issue (title, body, comments); later ones e.g. failing output of the round before. */
  untrusted: z.array(UntrustedBlock).min(1),
  /** Files of the base commit read as guidance, e.g. `AGENTS.md`. */
  instructionFiles: z.array(z.string()),
  /** Shown to the agent so that it does not waste turns; enforced elsewhere. */
  protectedPaths: z.array(z.string()),
  checks: z.array(CheckSpec),
  /** A later round: the change set to lay over the base, and the recorded conversation (hostile, `messages` only). */
  resume: z.strictObject({ changeSet: ChangeSet.nullable(), messages: z.array(z.unknown()) }).nullable(),
  round: z.int().min(1),
  /** 32 hex digits or more, fresh per round. */
  nonce: z.string().min(32),
});
export type WorkSpec = z.infer<typeof WorkSpec>;

/** verify has no token; deliver fetches this for it and writes it into `sealed` as `verify-spec.json` before base cells. */
export const VerifySpec = z.strictObject({
  phase: z.literal('verify'),
  ...Common,
  checks: z.array(CheckSpec).min(1),
});
export type VerifySpec = z.infer<typeof VerifySpec>;

/** deliver: carry results out and the sealed change set in. */
export const DeliverSpec = z.strictObject({ phase: z.literal('deliver'), ...Common, verify: VerifySpec });
export type DeliverSpec = z.infer<typeof DeliverSpec>;

export const PhaseSpec = z.discriminatedUnion('phase', [FetchSpec, SetupSpec, WorkSpec, DeliverSpec]);
export type PhaseSpec = z.infer<typeof PhaseSpec>;

/** Where an entry of the sealed set counts: `harness` files count as tests (result/classify-path decides, not the runner). */
export const SealedSet = z.strictObject({
  digest: Digest,
  changeSet: ChangeSet,
  harnessPaths: z.array(z.string()),
});
export type SealedSet = z.infer<typeof SealedSet>;
