/** The colour table, exhaustively: one check's colour over base and head outcomes, then the conclusion. */
import { describe, expect, test } from 'vitest';
import { type CheckColour, colourCheck } from '../../src/result/colour-check.ts';
import { compareTests } from '../../src/result/compare-tests.ts';
import { conclude } from '../../src/result/conclude.ts';
import { CellOutcome, type CellResult, type Side } from '../../src/result/contract/cell.ts';
import { cellsOf } from '../../src/result/test-runs.ts';
import type { GateEffect, GateResult, TestChange } from '../../src/result/verdict.ts';
import { cellOf, type TestWords } from '../builders/cells.ts';

const OUTCOMES = CellOutcome.options;
const COLOUR_BY_LETTER: Readonly<Record<string, CheckColour>> = {
  g: 'green',
  a: 'alike',
  w: 'worse',
  u: 'unverified',
};

/** A cell that ended like this; `tests` checks carry what ran until then. */
function ended(outcome: CellOutcome, kind: 'tests' | 'command', side: Side): CellResult {
  const words: Readonly<Record<CellOutcome, TestWords>> = {
    passed: { a: 'passed', b: 'passed' },
    failed: { a: 'passed', b: 'failed' },
    'timed-out': null,
    killed: null,
    inert: {},
  };
  const exitCode = outcome === 'passed' || outcome === 'inert' ? 0 : outcome === 'failed' ? 1 : null;
  return cellOf(side, side, kind === 'tests' ? words[outcome] : null, { outcome, exitCode });
}

function colour(kind: 'tests' | 'command', base: CellResult[], head: CellResult[]): CheckColour {
  const own = head.map((cell) => ({ ...cell, tests: 'base' as const }));
  const cells = cellsOf('npm test', { base, next: [...head, ...own] }, true);
  const notes = kind === 'tests' ? compareTests({ check: 'npm test', cells, isRemoved: () => false }) : [];
  return colourCheck({ kind }, cells, notes);
}

// Rows: the base's outcome; columns: the head's, both in the order passed, failed, timed-out, killed, inert.
describe.each([
  ['tests', ['gwwww', 'gawww', 'gwuuu', 'gwuuu', 'gwuuu']],
  ['command', ['gwwww', 'gawww', 'gwaww', 'gwwaw', 'gwwwa']],
] as const)('a %s check', (kind, rows) => {
  test.each(
    OUTCOMES.flatMap((base, row) =>
      OUTCOMES.map((head, column) => [base, head, rows[row]?.[column] ?? '?'] as const),
    ),
  )('%s on the base, %s at head: %s', (base, head, letter) => {
    expect(colour(kind, [ended(base, kind, 'base')], [ended(head, kind, 'new')])).toBe(
      COLOUR_BY_LETTER[letter],
    );
  });

  test('without a head cell or a base cell nothing is verified', () => {
    const base = [ended('failed', kind, 'base')];
    const head = [ended('passed', kind, 'new')];
    expect([colour(kind, [], head), colour(kind, base, [])]).toEqual([
      'unverified',
      kind === 'tests' ? 'worse' : 'unverified',
    ]);
  });
});

describe('what an exit code alone does not decide', () => {
  const green = cellOf('base', 'base', { a: 'passed' });

  test.each([
    [
      'exit 0 with a failed test in the report',
      cellOf('new', 'new', { a: 'passed', b: 'failed' }, { outcome: 'passed', exitCode: 0 }),
      'worse',
    ],
    [
      'exit 1 with every test passed',
      cellOf('new', 'new', { a: 'passed' }, { outcome: 'failed', exitCode: 1 }),
      'worse',
    ],
    ['exit 0 with only skipped tests', cellOf('new', 'new', { a: 'skipped' }), 'worse'],
    ['passed without an exit code', cellOf('new', 'new', { a: 'passed' }, { exitCode: null }), 'worse'],
    ['a new test that fails', cellOf('new', 'new', { a: 'passed', c: 'failed' }), 'worse'],
    ['all passed', cellOf('new', 'new', { a: 'passed', c: 'passed' }), 'green'],
  ])('%s', (_what, head, expected) => {
    expect(colour('tests', [green], [head])).toBe(expected);
  });

  test('what fails on the base alike is not alike once another test fails', () => {
    const base = [cellOf('base', 'base', { a: 'passed', b: 'failed' })];
    expect(colour('tests', base, [cellOf('new', 'new', { a: 'passed', b: 'failed', c: 'failed' })])).toBe(
      'worse',
    );
    expect(colour('tests', base, [cellOf('new', 'new', { a: 'passed', b: 'failed', c: 'passed' })])).toBe(
      'alike',
    );
  });
});

describe('the conclusion', () => {
  const gate = (effect: GateEffect, code: string | null = null): GateResult => ({
    gate: 'secrets',
    effect,
    findings: effect === 'pass' ? [] : [{ path: null, line: null, saw: 'x', effect, code }],
  });
  const note = (change: TestChange) => ({ check: 'npm test', id: 'a', file: null, change, firstLine: null });
  const line = (found: ReturnType<typeof conclude>): string =>
    `${found.conclusion} ${found.reason} ${found.blocked ? 'blocked' : 'open'}`;

  interface Facts {
    readonly empty: boolean;
    readonly effect: GateEffect;
    readonly colours: readonly CheckColour[];
    readonly executed: boolean;
    readonly change: TestChange | null;
  }

  /** The table, strictest first: the first line that applies. */
  const LINES: readonly (readonly [(facts: Facts) => boolean, string])[] = [
    [(facts) => facts.empty, 'failure change-empty blocked'],
    [(facts) => facts.effect === 'blocks', 'failure secret-found blocked'],
    [(facts) => facts.colours.includes('worse'), 'failure checks-failed open'],
    [(facts) => facts.colours.includes('unverified'), 'failure nothing-verified open'],
    [(facts) => !facts.executed, 'failure nothing-verified open'],
    [(facts) => facts.colours.includes('alike'), 'neutral asks-human open'],
    [(facts) => facts.effect === 'asks', 'neutral asks-human open'],
    [(facts) => facts.change === 'expectation-changed', 'neutral asks-human open'],
    [(facts) => facts.change === 'not-comparable', 'neutral asks-human open'],
    [() => true, 'success null open'],
  ];
  const expected = (facts: Facts): string => LINES.find(([applies]) => applies(facts))?.[1] ?? '';

  const colours = Object.values(COLOUR_BY_LETTER);
  const changes = [null, 'fixed', 'new', 'still-failing', 'expectation-changed', 'not-comparable'] as const;
  const combinations = [true, false].flatMap((empty) =>
    (['pass', 'note', 'asks', 'blocks'] as const).flatMap((effect) =>
      colours.flatMap((first) =>
        colours.flatMap((second) =>
          [true, false].flatMap((executed) =>
            changes.map((change) => ({ empty, effect, colours: [first, second], executed, change })),
          ),
        ),
      ),
    ),
  );

  test('holds for all 1,536 combinations of emptiness, gate effect, two colours, execution and note', () => {
    expect(combinations).toHaveLength(1_536);
    const wrong = combinations.filter((facts) => {
      const gates = [gate('pass'), gate(facts.effect, facts.effect === 'blocks' ? 'secret-found' : null)];
      const found = conclude({ ...facts, gates, notes: facts.change === null ? [] : [note(facts.change)] });
      return line(found) !== expected(facts);
    });
    expect(wrong).toEqual([]);
  });

  test('a blocking finding without a code of its own is gate-blocked', () => {
    expect(
      conclude({ empty: false, colours: ['green'], executed: true, notes: [], gates: [gate('blocks')] })
        .reason,
    ).toBe('gate-blocked');
  });
});
