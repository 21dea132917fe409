/** All eight gates, always, in order; what throws blocks; what floods is counted. */
import { expect, test } from 'vitest';
import { finding, type Gate } from '../../../src/result/gates/gate.ts';
import { GATES, runGates, strictest } from '../../../src/result/gates/run-gates.ts';
import { GATE_NAMES, Verdict } from '../../../src/result/verdict.ts';
import { buildAttemptConfig } from '../../builders/attempt-config.ts';
import { buildGateInput } from '../../builders/gate-input.ts';

const harmless = buildGateInput({ put: { 'src/a.ts': 'x' } });

test('a harmless change passes all eight, in the order that people read', () => {
  expect(runGates(harmless)).toEqual(GATE_NAMES.map((gate) => ({ gate, effect: 'pass', findings: [] })));
});

test('a gate that throws blocks, alone, and its message is not shown', () => {
  const broken: Gate = () => {
    throw new TypeError('secret detail');
  };
  const results = runGates(harmless, { ...GATES, binaries: broken });
  expect(results.filter((one) => one.effect !== 'pass')).toEqual([
    {
      gate: 'binaries',
      effect: 'blocks',
      findings: [finding('blocks', 'the gate itself failed (TypeError)', { code: 'gate-blocked' })],
    },
  ]);
});

test('a pattern in the configuration that cannot be read blocks every change', () => {
  const config = buildAttemptConfig({ protectedPaths: ['src/{a,b}.ts'] });
  expect(runGates({ ...harmless, config })[0]).toMatchObject({ gate: 'protected paths', effect: 'blocks' });
});

test('findings without number are cut to 100 and a count, the strictest first', () => {
  const flood: Gate = () => [
    ...Array.from({ length: 300 }, () => finding('asks', 'noise')),
    finding('blocks', 'the one'),
  ];
  const result = runGates(harmless, { ...GATES, bulk: flood }).at(-1);
  expect(result?.effect).toBe('blocks');
  expect(result?.findings).toHaveLength(101);
  expect(result?.findings).toContainEqual(finding('blocks', 'the one'));
  expect(result?.findings.at(-1)).toEqual(finding('asks', '201 more findings'));
});

test('the strictest effect of a gate is the effect of its strictest finding', () => {
  expect(strictest([])).toBe('pass');
  expect(strictest([finding('note', 'a'), finding('asks', 'b'), finding('note', 'c')])).toBe('asks');
});

test('what gates return fits the verdict as it is stored', () => {
  const results = runGates(
    buildGateInput({ put: { '.github/workflows/a.yml': 'x', [`a/${'b'.repeat(250)}`]: 'y' } }),
  );
  expect(() => Verdict.shape.gates.parse(results)).not.toThrow();
});
