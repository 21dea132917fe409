/** INC-22: tests that are taken away, skipped or steered, and the twins that change nothing of it. */
import { describe, expect, test } from 'vitest';
import { runGates } from '../../../src/result/gates/run-gates.ts';
import { testWeakening } from '../../../src/result/gates/test-weakening.ts';
import type { BundleSpec } from '../../builders/bundle.ts';
import { buildGateInput } from '../../builders/gate-input.ts';

const seen = (spec: BundleSpec): string[] =>
  testWeakening(buildGateInput(spec)).map((one) => `${one.effect} ${one.path ?? '-'}: ${one.saw}`);

const source = { 'src/a.ts': 'new' };
const body =
  "import { a } from './a.ts';\nit('adds', () => {\n  expect(a(1)).toBe(2);\n  expect(a(2)).toBe(3);\n});\n";
const file = 'test/a.test.ts';

describe('beside a source change, weaker tests ask a human', () => {
  test.each([
    [
      'two assertions removed',
      body.replaceAll(/ {2}expect.*\n/g, ''),
      ['asks test/a.test.ts: 2 assertions removed'],
    ],
    [
      'one assertion removed',
      body.replace('  expect(a(2)).toBe(3);\n', ''),
      ['asks test/a.test.ts: 1 assertion removed'],
    ],
    [
      'a skip added',
      body.replace('it(', 'it.skip('),
      ['asks test/a.test.ts: a test is skipped or singled out'],
    ],
    [
      'an only added',
      body.replace('it(', 'it.only('),
      ['asks test/a.test.ts: a test is skipped or singled out'],
    ],
    [
      'an early exit added',
      `process.exit(0);\n${body}`,
      ['asks test/a.test.ts: a test is skipped or singled out'],
    ],
    ['an expected value changed', body.replace('toBe(3)', 'toBe(4)'), []],
    ['a test added', `${body}it('more', () => expect(a(0)).toBe(1));\n`, []],
    ['a comment changed', `// more\n${body}`, []],
  ])('%s', (_what, next, expected) => {
    expect(seen({ base: { [file]: body }, put: { ...source, [file]: next } })).toEqual(expected);
  });

  test('a deleted test file asks, a moved one is noted', () => {
    expect(seen({ base: { [file]: body }, put: source, delete: [file] })).toEqual([
      'asks test/a.test.ts: a test file deleted',
    ]);
    expect(
      seen({ base: { [file]: body }, put: { ...source, 'test/b.test.ts': body }, delete: [file] }),
    ).toEqual(['note test/a.test.ts: a test file moved']);
  });

  test.each([
    [
      'Python',
      'tests/test_a.py',
      'def test_a():\n    assert a(1) == 2\n',
      'import pytest\n@pytest.mark.skip\ndef test_a():\n    assert a(1) == 2\n',
    ],
    [
      'Go',
      'a_test.go',
      'func TestA(t *testing.T) {\n}\n',
      'func TestA(t *testing.T) {\n\tt.Skip("later")\n}\n',
    ],
    ['Rust', 'tests/a.rs', '#[test]\nfn a() {}\n', '#[test]\n#[ignore]\nfn a() {}\n'],
    ['Java', 'src/test/java/ATest.java', '@Test\nvoid a() {}\n', '@Disabled\n@Test\nvoid a() {}\n'],
    ['Ruby', 'spec/a_spec.rb', "it 'adds' do\nend\n", "xit 'adds' do\nend\n"],
    ['node:test', 'test/a.test.mjs', "test('a', () => {});\n", "test('a', { skip: true }, () => {});\n"],
  ])('a skip in %s', (_language, path, before, after) => {
    expect(seen({ base: { [path]: before }, put: { ...source, [path]: after } })).toEqual([
      `asks ${path}: a test is skipped or singled out`,
    ]);
  });
});

describe('INC-22: a change set of tests alone', () => {
  test('blocks where it weakens them', () => {
    const findings = testWeakening(
      buildGateInput({
        base: { [file]: body },
        put: { [file]: body.replace('  expect(a(2)).toBe(3);\n', '') },
      }),
    );
    expect(findings).toEqual([
      { path: file, line: null, saw: '1 assertion removed', effect: 'blocks', code: 'tests-weakened' },
      { path: null, line: null, saw: 'only tests change, no source', effect: 'asks', code: null },
    ]);
  });

  test('blocks where it deletes or skips them', () => {
    const effects = (spec: BundleSpec): string =>
      runGates(buildGateInput(spec)).find((one) => one.gate === 'test weakening')?.effect ?? '';
    expect(effects({ base: { [file]: body }, delete: [file] })).toBe('blocks');
    expect(effects({ base: { [file]: body }, put: { [file]: body.replace('it(', 'it.skip(') } })).toBe(
      'blocks',
    );
  });

  test('asks a human where it only adds tests', () => {
    expect(seen({ put: { [file]: body } })).toEqual(['asks -: only tests change, no source']);
  });

  test('counter-test: the poisoned tests pass every other gate', () => {
    const gates = runGates(
      buildGateInput({ base: { [file]: body }, put: { [file]: "it('adds', () => {});\n" } }),
    );
    expect(gates.filter((one) => one.effect !== 'pass').map((one) => one.gate)).toEqual(['test weakening']);
  });
});

describe('the harness', () => {
  test.each([
    [
      'a runner configuration',
      { base: { 'vitest.config.ts': 'x' }, put: { ...source, 'vitest.config.ts': 'y' } },
      ['asks vitest.config.ts: node: configuration, changed'],
    ],
    [
      'a new script',
      { put: { ...source, 'scripts/test.sh': 'x' } },
      ['asks scripts/test.sh: generic: script folder, added'],
    ],
    [
      'a rewritten snapshot',
      { base: { 'test/__snapshots__/a.snap': 'x' }, put: { ...source, 'test/__snapshots__/a.snap': 'y' } },
      ['asks test/__snapshots__/a.snap: generic: snapshot, changed'],
    ],
    [
      'a new fixture',
      { put: { ...source, 'test/fixtures/a.json': '{}' } },
      ['note test/fixtures/a.json: generic: fixture, added'],
    ],
    [
      'a deleted fixture',
      { base: { 'test/fixtures/a.json': '{}' }, put: source, delete: ['test/fixtures/a.json'] },
      ['asks test/fixtures/a.json: generic: fixture, deleted'],
    ],
    ['nothing of it', { put: source }, []],
  ])('%s', (_what, spec, expected) => {
    expect(seen(spec)).toEqual(expected);
  });
});
