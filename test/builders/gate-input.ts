/** What gates are given, from a change set in texts. */
import { changeDiffs } from '../../src/result/change-diffs.ts';
import type { GateInput } from '../../src/result/gates/gate.ts';
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
