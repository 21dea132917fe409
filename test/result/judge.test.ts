/** The verdict on whole bundles: what it says of tests, gates and policy (what deceives: judge-deceit.test.ts). */
import { describe, expect, test } from 'vitest';
import type { CellResult } from '../../src/result/contract/cell.ts';
import { changeSetDigest } from '../../src/result/contract/change-set.ts';
import { GATE_NAMES, Verdict } from '../../src/result/verdict.ts';
import { issueToken, tokenHash } from '../../src/shared/token.ts';
import { buildAttemptConfig } from '../builders/attempt-config.ts';
import { buildBundle } from '../builders/bundle.ts';
import { cellOf, fourCells } from '../builders/cells.ts';
import { after, before, fix, green, judged } from '../builders/judged-fix.ts';

describe('a fix with a test', () => {
  test('is verified, with its proof, its counts and its size', () => {
    const verdict = judged(fix);
    expect(Verdict.parse(verdict)).toEqual(verdict);
    expect(verdict).toMatchObject({
      conclusion: 'success',
      reason: null,
      blocked: false,
      empty: false,
      brokenCount: 0,
      stat: { files: 2, added: 3, removed: 1 },
      totals: { base: { passed: 1, failed: 0, skipped: 0 }, head: { passed: 2, failed: 0, skipped: 0 } },
      notes: [{ id: 'reads 1h30m', change: 'new' }],
      proofs: [{ id: 'reads 1h30m', onBase: 'fails-by-assertion', proof: true }],
      harnessChanged: [],
      checks: [
        {
          check: 'npm test',
          base: { outcome: 'passed' },
          head: { outcome: 'passed' },
          baseTests: { outcome: 'passed' },
        },
      ],
    });
    expect(verdict.gates.map((gate) => [gate.gate, gate.effect])).toEqual(
      GATE_NAMES.map((gate) => [gate, 'pass']),
    );
  });

  test('is not verified where it breaks a base test, and says which', () => {
    const verdict = judged(
      fix,
      fourCells({
        base: before,
        own: { 'reads 1h': 'failed' },
        onBase: after,
        head: { ...after, 'reads 1h': 'failed' },
      }),
    );
    expect(verdict).toMatchObject({
      conclusion: 'failure',
      reason: 'checks-failed',
      blocked: false,
      brokenCount: 1,
      notes: [
        { id: 'reads 1h', change: 'broken', firstLine: 'failed here' },
        { id: 'reads 1h30m', change: 'new' },
      ],
    });
  });

  test('asks a human where only its own edit lets a base test pass', () => {
    const verdict = judged(
      fix,
      fourCells({ base: before, own: { 'reads 1h': 'failed' }, onBase: after, head: after }),
    );
    expect(verdict).toMatchObject({ conclusion: 'neutral', reason: 'asks-human', brokenCount: 0 });
  });

  test('is neutral where what fails did so before', () => {
    const verdict = judged(
      fix,
      fourCells({
        base: { ...before, old: 'failed' },
        own: { ...before, old: 'failed' },
        onBase: after,
        head: { ...after, old: 'failed' },
      }),
    );
    expect(verdict).toMatchObject({
      conclusion: 'neutral',
      reason: 'asks-human',
      notes: [{ change: 'still-failing' }, { change: 'new' }],
    });
  });
});

describe('nothing verified', () => {
  const only = (kind: 'tests' | 'command') =>
    buildAttemptConfig({
      checks: [{ name: 'npm test', run: 'npm test', kind, report: null, timeoutMs: 1_000 }],
    });

  test('a `tests` check that runs no test, before and after', () => {
    const inert = (side: 'base' | 'new'): CellResult =>
      cellOf(side, side, {}, { outcome: 'inert', exitCode: 0 });
    expect(judged(fix, { base: [inert('base')], next: [inert('new')] })).toMatchObject({
      conclusion: 'failure',
      reason: 'nothing-verified',
    });
  });

  test('a configuration without a `tests` check, however green', () => {
    const cells = fourCells({ base: {}, head: {} });
    expect(judged(fix, cells, { config: only('command') })).toMatchObject({
      conclusion: 'failure',
      reason: 'nothing-verified',
      totals: { head: null },
    });
  });

  test('no cell at all', () => {
    expect(judged(fix, { base: [], next: [] })).toMatchObject({
      conclusion: 'failure',
      reason: 'nothing-verified',
    });
  });

  test('an empty change set, whatever its cells say', () => {
    expect(judged({ base: { a: 'x' } })).toMatchObject({
      conclusion: 'failure',
      reason: 'change-empty',
      empty: true,
      blocked: true,
    });
  });
});

describe('gates and verdict together', () => {
  test('INC-16: green tests do not publish a workflow file', () => {
    const verdict = judged({ ...fix, put: { ...fix.put, '.github/workflows/ci.yml': 'on: push\n' } });
    expect(verdict).toMatchObject({
      conclusion: 'failure',
      reason: 'protected-path',
      blocked: true,
      totals: { head: { passed: 2 } },
    });
    expect(verdict.gates[0]?.findings).toContainEqual(
      expect.objectContaining({ path: '.github/workflows/ci.yml', saw: 'added' }),
    );
  });

  test('INC-16, counter-test: the same change without that file is published', () => {
    expect(judged(fix)).toMatchObject({ conclusion: 'success', blocked: false });
  });

  test('INC-18: git configuration inside the sandbox cannot come along, nor can a hook', () => {
    for (const path of ['.git/config', '.git/hooks/pre-commit', 'sub/.git/config']) {
      expect(judged({ put: { [path]: '[core]\n\tsshCommand = sh\n' } })).toMatchObject({
        reason: 'bundle-invalid',
        blocked: true,
        values: { index: 1, rule: 'git folder' },
      });
    }
  });

  test('INC-18, counter-test: what git reads elsewhere is an ordinary file, and is let through', () => {
    expect(judged({ ...fix, put: { ...fix.put, 'docs/git/config': '[core]\n' } })).toMatchObject({
      conclusion: 'success',
    });
  });

  test('INC-20: a change set has no place for an author, a message or a branch', () => {
    const bundle = buildBundle(fix);
    for (const key of ['author', 'committer', 'message', 'branch', 'parents']) {
      const changeSet = { ...bundle.changeSet, [key]: 'octocat <octocat@example.com>' };
      expect(
        judged(fix, green, { changeSet, sealedDigest: changeSetDigest(bundle.changeSet) }),
      ).toMatchObject({ reason: 'bundle-invalid', values: { index: 0, rule: 'shape' } });
    }
    expect(JSON.stringify(judged(fix))).not.toContain('octocat');
  });

  test('INC-22: a green change of tests alone that drops an assertion is blocked', () => {
    const spec = { base: fix.base ?? {}, put: { 'test/parse.test.ts': "it('reads 1h', () => {});\n" } };
    const cells = fourCells({ base: before, own: before, onBase: before, head: before });
    expect(judged(spec, cells)).toMatchObject({
      conclusion: 'failure',
      reason: 'tests-weakened',
      blocked: true,
    });
  });

  test('a token that was issued to the task blocks, by its hash', () => {
    const token = issueToken((size) => new Uint8Array(size).fill(9))
      .slice(0, -8)
      .concat('ffffffff');
    const spec = { ...fix, put: { ...fix.put, 'src/parse.ts': `// ${token}\n` } };
    expect(judged(spec)).toMatchObject({ blocked: false });
    expect(judged(spec, green, { issuedTokenHashes: new Set([tokenHash(token)]) })).toMatchObject({
      blocked: true,
      reason: 'secret-found',
    });
  });

  test('a changed harness file is named, and a human decides', () => {
    const spec = { ...fix, put: { ...fix.put, 'scripts/test.mjs': 'x' } };
    expect(judged(spec)).toMatchObject({
      conclusion: 'neutral',
      reason: 'asks-human',
      harnessChanged: ['scripts/test.mjs'],
    });
  });

  test('20 MB of empty lines are judged within bounds: blocked by size, and never taken for small', () => {
    const lines = '\n'.repeat(5 * 1024 * 1024);
    const verdict = judged({ ...fix, put: { ...fix.put, 'x/a': lines, 'x/b': lines, 'x/c': lines } });
    expect(verdict).toMatchObject({ blocked: true, reason: 'gate-blocked', stat: { files: 5 } });
    expect(verdict.gates.find((gate) => gate.gate === 'bulk')?.findings).toHaveLength(3);
  });

  test('the same record gives the same verdict', () => {
    expect(judged(fix)).toEqual(judged(fix));
  });
});
