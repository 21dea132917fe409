/** A green verdict for tests: 148 tests before, 149 after, one of them proof. */
import { GATE_NAMES, Verdict } from '../../src/result/verdict.ts';

const passed = (count: number) => ({
  outcome: 'passed',
  exitCode: 0,
  limit: null,
  counts: { passed: count, failed: 0, skipped: 0 },
});

/** Overrides are merged at the top level. */
export function buildVerdict(overrides: Partial<Verdict> = {}): Verdict {
  return Verdict.parse({
    conclusion: 'success',
    reason: null,
    blocked: false,
    empty: false,
    checks: [
      {
        check: 'npm test',
        run: 'npm test',
        kind: 'tests',
        base: passed(148),
        head: passed(149),
        baseTests: passed(148),
      },
    ],
    notes: [
      {
        check: 'npm test',
        id: 'parseDuration › reads 1h30m',
        file: 'test/parse.test.js',
        change: 'new',
        firstLine: null,
      },
    ],
    proofs: [
      {
        check: 'npm test',
        id: 'parseDuration › reads 1h30m',
        file: 'test/parse.test.js',
        onBase: 'fails-by-assertion',
        proof: true,
      },
    ],
    harnessChanged: [],
    gates: GATE_NAMES.map((gate) => ({ gate, effect: 'pass', findings: [] })),
    brokenCount: 0,
    stat: { files: 2, added: 9, removed: 2 },
    totals: { base: { passed: 148, failed: 0, skipped: 0 }, head: { passed: 149, failed: 0, skipped: 0 } },
    ...overrides,
  });
}
