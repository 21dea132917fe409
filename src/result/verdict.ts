/**
 * The verdict: our judgement of one bundle, a plain record made by pure functions (`judge`, `gates/`) from our own
 * records. Everything that people read about tests, proof and policy is built from it.
 */
import { z } from 'zod';
import { CellOutcome, LimitKind } from './contract/cell.ts';

/** What became of one test between base and head. */
export const TestChange = z.enum([
  'broken',
  'gone',
  'flaky',
  'fixed',
  'new',
  'still-failing',
  'expectation-changed',
  'not-comparable',
]);
export type TestChange = z.infer<typeof TestChange>;

/** A test that needs a word. `firstLine` is foreign text. */
export const TestNote = z.strictObject({
  check: z.string(),
  id: z.string(),
  file: z.string().nullable(),
  change: TestChange,
  firstLine: z.string().nullable(),
});
export type TestNote = z.infer<typeof TestNote>;

/** Does a new or changed test show the change: fails by assertion on base source, passes on new. */
export const ProofNote = z.strictObject({
  check: z.string(),
  id: z.string(),
  file: z.string().nullable(),
  onBase: z.enum(['fails-by-assertion', 'fails-otherwise', 'passes', 'not-comparable', 'absent']),
  proof: z.boolean(),
});
export type ProofNote = z.infer<typeof ProofNote>;

export const Counts = z.strictObject({ passed: z.int(), failed: z.int(), skipped: z.int() });
export type Counts = z.infer<typeof Counts>;

/** One column of a check's table: outcome of a cell, counts where the check has tests. */
export const CellSummary = z.strictObject({
  outcome: CellOutcome,
  exitCode: z.int().nullable(),
  limit: LimitKind.nullable(),
  counts: Counts.nullable(),
});
export type CellSummary = z.infer<typeof CellSummary>;

/** One check across its cells. `head` is new source with new tests; `baseTests` is new source with the base's own tests. */
export const CheckVerdict = z.strictObject({
  check: z.string(),
  run: z.string(),
  kind: z.enum(['tests', 'command']),
  base: CellSummary.nullable(),
  head: CellSummary.nullable(),
  baseTests: CellSummary.nullable(),
});
export type CheckVerdict = z.infer<typeof CheckVerdict>;

export const GateEffect = z.enum(['pass', 'note', 'asks', 'blocks']);
export type GateEffect = z.infer<typeof GateEffect>;

/** One thing a gate saw. `path` and `saw` may hold foreign text; a secret's value never. */
export const GateFinding = z.strictObject({
  path: z.string().nullable(),
  line: z.int().nullable(),
  saw: z.string().max(500),
  effect: GateEffect,
  /** Reason code when this finding ends the task, e.g. `protected-path`. */
  code: z.string().nullable(),
});
export type GateFinding = z.infer<typeof GateFinding>;

/** The eight gates, by the names people read. */
export const GATE_NAMES = [
  'protected paths',
  'size',
  'exec bits',
  'binaries',
  'secrets',
  'dependencies',
  'test weakening',
  'bulk',
] as const;

export const GateResult = z.strictObject({
  gate: z.enum(GATE_NAMES),
  effect: GateEffect,
  findings: z.array(GateFinding),
});
export type GateResult = z.infer<typeof GateResult>;

/** success: verified. neutral: a human decides. failure: not verified. */
export const Conclusion = z.enum(['success', 'neutral', 'failure']);
export type Conclusion = z.infer<typeof Conclusion>;

export const Verdict = z.strictObject({
  conclusion: Conclusion,
  /** Reason code where the conclusion is not success, e.g. `checks-failed`, `nothing-verified`. */
  reason: z.string().nullable(),
  /** Values of the reason's sentence where the verdict holds them nowhere else, e.g. `index` and `rule` of `bundle-invalid`. */
  values: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  /** True: no pull request may be made (blocking gate or empty change set). */
  blocked: z.boolean(),
  empty: z.boolean(),
  checks: z.array(CheckVerdict),
  notes: z.array(TestNote),
  proofs: z.array(ProofNote),
  harnessChanged: z.array(z.string()),
  gates: z.array(GateResult),
  /** Base tests that passed on the base and fail or are gone: decides which round is published. */
  brokenCount: z.int(),
  stat: z.strictObject({ files: z.int(), added: z.int(), removed: z.int() }),
  totals: z.strictObject({ base: Counts.nullable(), head: Counts.nullable() }),
});
export type Verdict = z.infer<typeof Verdict>;
