/**
 * What a gate is: one policy check on exactly the tree that will be committed. Gates are pure, know nothing of one
 * another, and are run by `run-gates`.
 */
import type { AttemptConfig } from '../../config/attempt-config.ts';
import type { LineDiff } from '../diff.ts';
import type { KnownSecrets } from '../known-secrets.ts';
import type { ReadChangeSet } from '../read-change-set.ts';
import type { GateEffect, GateFinding } from '../verdict.ts';

/** What every gate may look at. */
export interface GateInput {
  readonly config: Pick<AttemptConfig, 'limits' | 'protectedPaths' | 'allowedPaths'>;
  readonly changeSet: ReadChangeSet;
  /** By path, for changes whose both sides are text (an absent side is the empty text). */
  readonly diffs: ReadonlyMap<string, LineDiff>;
  readonly known: KnownSecrets;
}

/** One check: what it saw, and nothing else. An empty list is a pass. */
export type Gate = (input: GateInput) => GateFinding[];

/** A finding; `line` counts from 1 in the new file. */
export function finding(
  effect: GateEffect,
  saw: string,
  at: { readonly path?: string; readonly line?: number; readonly code?: string } = {},
): GateFinding {
  return {
    path: at.path ?? null,
    line: at.line ?? null,
    saw: saw.slice(0, 500),
    effect,
    code: at.code ?? null,
  };
}
