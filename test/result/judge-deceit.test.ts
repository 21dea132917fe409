/** What a change set that deceives cannot make a verdict say. */
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../src/result/verdict.ts';
import { type BundleSpec, buildBundle } from '../builders/bundle.ts';
import { cellOf, fourCells } from '../builders/cells.ts';
import { after, before, fix, green, judged } from '../builders/judged-fix.ts';

describe('a change set that deceives', () => {
  const broken = fourCells({
    base: before,
    own: { 'reads 1h': 'failed' },
    onBase: after,
    head: { ...after, 'reads 1h': 'failed' },
  });
  const facts = (verdict: Verdict): unknown => [
    verdict.conclusion,
    verdict.brokenCount,
    verdict.totals.base,
    verdict.checks[0]?.base,
  ];

  test('cannot change a base fact by cells of its own that claim to be base cells', () => {
    const forged = [cellOf('base', 'base', { 'reads 1h': 'failed', 'reads 1h30m': 'passed' })];
    const lying = { base: broken.base, next: [...forged, ...broken.next, ...forged] };
    expect(facts(judged(fix, lying))).toEqual(facts(judged(fix, broken)));
  });

  test('counter-test: were the same cells taken as base cells, the broken test would pass for one that failed before', () => {
    const forged = [cellOf('base', 'base', { 'reads 1h': 'failed', 'reads 1h30m': 'passed' })];
    expect(facts(judged(fix, { base: forged, next: broken.next }))).not.toEqual(facts(judged(fix, broken)));
  });

  test('cannot bring new cells in among the base cells', () => {
    const lying = { base: [...broken.base, cellOf('new', 'new', after)], next: broken.next };
    expect(facts(judged(fix, lying))).toEqual(facts(judged(fix, broken)));
  });

  test('cannot answer for a check that the configuration does not name', () => {
    const other = cellOf('new', 'new', after, { check: 'npm run pretend' });
    expect(
      judged(fix, { base: broken.base, next: [...broken.next, other] }).checks.map((check) => check.check),
    ).toEqual(['npm test']);
  });

  test('cannot pass by a head that hides what the base knew', () => {
    expect(
      judged(fix, fourCells({ base: before, own: { other: 'passed' }, head: { other: 'passed' } })),
    ).toMatchObject({
      conclusion: 'failure',
      brokenCount: 1,
      notes: [
        { id: 'reads 1h', change: 'gone' },
        { id: 'other', change: 'new' },
      ],
    });
  });

  test('counter-test: read by its head alone, as CI reads it, the change that hides a broken test is green', () => {
    const hidden = fourCells({ base: before, own: { other: 'passed' }, head: { other: 'passed' } });
    const [head] = hidden.next;
    expect(head).toMatchObject({ outcome: 'passed', exitCode: 0 });
    expect(head?.results?.filter((one) => one.status !== 'passed')).toEqual([]);
    const forgetful = { base: [cellOf('base', 'base', {})], next: hidden.next };
    expect(judged(fix, hidden).conclusion).toBe('failure');
    expect(judged(fix, forgetful)).toMatchObject({ brokenCount: 0, totals: { head: { failed: 0 } } });
    expect(judged(fix, forgetful).conclusion).not.toBe('failure');
  });

  test('counter-test: with results that were taken for any digest, a set that was never run is verified', () => {
    const never: BundleSpec = { ...fix, put: { ...fix.put, 'src/parse.ts': 'process.exit(1);\n' } };
    expect(buildBundle(never).sealedDigest).not.toBe(buildBundle(fix).sealedDigest);
    expect(judged(never, green)).toMatchObject({ conclusion: 'success' });
  });

  test('asks a human where it takes the test out of its file itself', () => {
    const spec = {
      ...fix,
      put: { ...fix.put, 'test/parse.test.ts': "it('other', () => expect(2).toBe(2));\n" },
    };
    const cells = fourCells({ base: before, own: before, head: { other: 'passed' } });
    expect(judged(spec, cells)).toMatchObject({
      conclusion: 'neutral',
      notes: [{ id: 'reads 1h', change: 'expectation-changed' }, { change: 'new' }],
    });
  });

  test('cannot be judged under the digest of another', () => {
    const other = buildBundle({ put: { 'src/other.ts': 'x' } });
    expect(judged(fix, green, { sealedDigest: other.sealedDigest })).toMatchObject({
      conclusion: 'failure',
      reason: 'bundle-invalid',
      blocked: true,
      values: { index: 0, rule: 'digest' },
    });
  });
});
