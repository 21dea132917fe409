/** Results that are valid always fit their upload: whatever a check reported, and with every test in them that can be. */
import { describe, expect, it } from 'vitest';
import {
  type CellResult,
  MAX_RESULT_BYTES,
  NewResults,
  type TestResult,
} from '../../src/result/contract/cell.ts';
import { fitCells } from '../../src/runner/fit-cells.ts';
import { buildCell } from '../builders/change-set.ts';

const DIGEST = `sha256:${'a'.repeat(64)}` as const;

const failing = (at: number, message: string): TestResult => ({
  id: `suite › parses form ${at}`,
  file: 'test/parse.test.ts',
  status: 'failed',
  failure: { kind: 'error', message },
});

const cellOf = (results: TestResult[] | null, overrides: Partial<CellResult> = {}): CellResult =>
  buildCell({ source: 'new', tests: 'new', outcome: 'failed', exitCode: 1, results, ...overrides });

const whole = (cells: CellResult[]) => ({ digest: DIGEST, complete: true, cells });
const bytesOf = (cells: CellResult[]) => Buffer.byteLength(JSON.stringify(whole(cells)));
const messagesOf = ({ results }: CellResult) => (results ?? []).map((test) => test.failure?.message);
const bare = ({ results }: CellResult) =>
  results?.map(({ id, file, status, failure }) => ({ id, file, status, kind: failure?.kind }));

describe('cells for one upload', () => {
  it('are left as they are where they fit', () => {
    const cells = [cellOf([failing(1, 'boom')]), cellOf(null)];
    expect(fitCells(cells)).toEqual(cells);
  });

  it('of 8,000 failing tests with 2 kB each lose messages, and no test', () => {
    const results = Array.from({ length: 8_000 }, (_, at) =>
      failing(at, `TypeError: boom ${'x'.repeat(1_980)}`),
    );
    const cells = [cellOf(results), cellOf(results, { tests: 'base' })];
    // counter-test: as they are, the gateway refuses them
    expect(NewResults.safeParse(whole(cells)).success).toBe(true);
    expect(bytesOf(cells)).toBeGreaterThan(MAX_RESULT_BYTES);

    const fitted = fitCells(cells);
    expect(bytesOf(fitted)).toBeLessThanOrEqual(MAX_RESULT_BYTES);
    expect(NewResults.safeParse(whole(fitted)).success).toBe(true);
    expect(fitted.map(bare)).toEqual(cells.map(bare));
    for (const cell of fitted) {
      const messages = messagesOf(cell);
      const left = messages.filter((message) => !message?.startsWith('TypeError'));
      expect(messages[0]).toBe(results[0]?.failure?.message);
      expect(left.length).toBeGreaterThan(0);
      expect(new Set(left)).toEqual(new Set([`(${left.length} messages left out: too many bytes)`]));
    }
  });

  it('share the room: a cell with few messages keeps them beside one with many', () => {
    const many = Array.from({ length: 100 }, (_, at) => failing(at, 'x'.repeat(1_000)));
    const fitted = fitCells([cellOf(many), cellOf([failing(0, 'small')])], 60_000);
    expect(fitted.map((cell) => messagesOf(cell).at(0))).toEqual(['x'.repeat(1_000), 'small']);
  });

  it.each([
    ['1 byte a character', 'x'],
    ['2 bytes by escape', '"'],
    ['3 bytes', '…'],
  ])(
    'of the largest tests the contract allows, %s, fit; the report that does not is said to be none',
    (_, character) => {
      const results = Array.from({ length: 20_000 }, (_unused, at) => ({
        id: `${at} ${character.repeat(490)}`,
        file: character.repeat(1_024),
        status: 'passed' as const,
        failure: null,
      }));
      const cells = [
        cellOf(results, { outcome: 'passed', exitCode: 0 }),
        cellOf([failing(1, 'boom')], { tests: 'base' }),
        cellOf(results, { check: 'other', outcome: 'passed', exitCode: 0 }),
      ];
      const fitted = fitCells(cells);
      expect(bytesOf(fitted)).toBeLessThanOrEqual(MAX_RESULT_BYTES);
      expect(NewResults.safeParse(whole(fitted)).success).toBe(true);
      const cut = fitted.filter((cell) => cell.results === null);
      expect(cut.length).toBeGreaterThan(0);
      for (const cell of cut) {
        expect(cell).toMatchObject({
          outcome: 'failed',
          reportProblem: expect.stringMatching(/^the report's 20000 tests/),
        });
      }
      expect(fitted[1]?.results).toHaveLength(1);
    },
  );

  it('whose output alone is too much keep how much there was', () => {
    const output = { head: 'x'.repeat(40_000), tail: 'x'.repeat(40_000), totalBytes: 1_000_000 };
    const fitted = fitCells([cellOf(null, { output }), cellOf(null, { output })], 100_000);
    expect(bytesOf(fitted)).toBeLessThan(101_000);
    expect(fitted.map((cell) => [cell.output.head.length, cell.output.totalBytes])).toEqual([
      [0, 1_000_000],
      [40_000, 1_000_000],
    ]);
  });
});
