/** What gates are given, from a change set in texts, and what they say of it. */
import { changeDiffs } from '../../src/result/change-diffs.ts';
import type { Gate, GateInput } from '../../src/result/gates/gate.ts';
import { NOTHING_KNOWN } from '../../src/result/known-secrets.ts';
import { readBundle } from '../../src/result/read-bundle.ts';
import { buildAttemptConfig } from './attempt-config.ts';
import { type BundleSpec, buildBundle } from './bundle.ts';

/** A gate's input; `overrides` replace its parts. */
export function buildGateInput(spec: BundleSpec, overrides: Partial<GateInput> = {}): GateInput {
  const changeSet = readBundle(buildBundle(spec));
  const config = buildAttemptConfig({ protectedPaths: [] });
  return { config, changeSet, diffs: changeDiffs(changeSet), known: NOTHING_KNOWN, ...overrides };
}

/** A change set that adds a file of one letter at each path. */
export function textFiles(...paths: string[]): BundleSpec {
  return { put: Object.fromEntries(paths.map((path) => [path, 'x'])) };
}

/** What a gate sees in a change set: `effect path: saw`, one per finding. */
export function seenBy(
  gate: Gate,
  spec: BundleSpec,
  config = buildAttemptConfig({ protectedPaths: [] }),
): string[] {
  return gate(buildGateInput(spec, { config })).map((one) => `${one.effect} ${one.path ?? '-'}: ${one.saw}`);
}
