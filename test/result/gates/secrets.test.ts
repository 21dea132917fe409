/** The gate "secrets" on a change set: what the change adds is looked at, where it stands is said, its value never. */
import { describe, expect, test } from 'vitest';
import { runGates } from '../../../src/result/gates/run-gates.ts';
import { secrets } from '../../../src/result/gates/secrets.ts';
import { buildAttemptConfig } from '../../builders/attempt-config.ts';
import { type BundleSpec, symlink } from '../../builders/bundle.ts';
import { buildGateInput } from '../../builders/gate-input.ts';

const secret = ['ghp', '_', 'aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bD1fG3hJ5'].join('');
const seen = (spec: BundleSpec): string[] =>
  secrets(buildGateInput(spec)).map(
    (one) => `${one.effect} ${one.path ?? '-'}:${one.line ?? '-'} ${one.saw}`,
  );

describe('a secret', () => {
  test.each([
    ['in a new file', { put: { a: `x\ny\nconst t = '${secret}';\n` } }, ['blocks a:3 a GitHub token']],
    ['on an added line', { base: { a: 'x\n' }, put: { a: `x\n${secret}\n` } }, ['blocks a:2 a GitHub token']],
    ['on a line that the base holds', { base: { a: `${secret}\n` }, put: { a: `${secret}\ny\n` } }, []],
    ['in a deleted file', { base: { a: secret }, delete: ['a'] }, []],
    ['that is removed', { base: { a: `${secret}\n` }, put: { a: 'y\n' } }, []],
    [
      'the same one encoded on an added line',
      { base: { a: `${secret}\n` }, put: { a: `${secret}\n${Buffer.from(secret).toString('hex')}\n` } },
      ['blocks a:2 a GitHub token (in hex)'],
    ],
    [
      'the same encoding a second time',
      {
        base: { a: `${Buffer.from(secret).toString('hex')}\n` },
        put: { a: `${Buffer.from(secret).toString('hex')}\n${Buffer.from(secret).toString('hex')}\n` },
      },
      ['blocks a:2 a GitHub token (in hex)'],
    ],
    [
      'between binary bytes',
      {
        put: {
          a: {
            mode: '100644',
            bytes: Buffer.concat([Buffer.from([0, 255]), Buffer.from(secret), Buffer.from([0])]),
          },
        },
      },
      ['blocks a:1 a GitHub token'],
    ],
    [
      'in UTF-16',
      { put: { a: { mode: '100644', bytes: Buffer.from(secret, 'utf16le') } } },
      ['blocks a:1 a GitHub token (disguised)'],
    ],
    ['as a symlink target', { put: { a: symlink(secret) } }, ['blocks a:1 a GitHub token']],
    ['as a file name', { put: { [`docs/${secret}`]: 'x' } }, ['blocks -:- a GitHub token in a file name']],
    [
      'that only looks like one',
      { put: { a: "password = 'aB3dE5gH7jK9mN1p'\n" } },
      ['asks a:1 a secret assigned'],
    ],
  ] satisfies [string, BundleSpec, string[]][])('%s', (_where, spec, expected) => {
    expect(seen(spec)).toEqual(expected);
  });

  test('completed by an added line is found, though each line alone shows none', () => {
    const begin = ['-----BEGIN ', 'PRIVATE KEY-----'].join('');
    const body = 'MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF';
    expect(seen({ base: { a: `${begin}\n` }, put: { a: `${begin}\n${body}\n` } })).toEqual([
      'blocks a:1 a private key',
    ]);
  });

  test('never shows its value, in no finding of any gate', () => {
    const gates = runGates(
      buildGateInput({
        put: { a: secret, [`docs/${secret}`]: `password = '${secret}'`, 'test/b.test.ts': secret },
      }),
    );
    const shown = gates.flatMap((gate) => gate.findings.map((one) => one.saw));
    expect(shown.length).toBeGreaterThan(2);
    expect(JSON.stringify(shown)).not.toContain(secret.slice(4));
  });

  test('known to us is found by its middle alone', () => {
    const known = { values: [secret], issuedTokenHashes: new Set<string>() };
    const spec = { put: { a: `// ${secret.slice(14, 30)}\n` } };
    expect(secrets(buildGateInput(spec))).toEqual([]);
    expect(secrets(buildGateInput(spec, { known }))).toEqual([
      { path: 'a', line: 1, saw: 'a known secret', effect: 'blocks', code: 'secret-found' },
    ]);
  });
});

test('a change set over the size cap is blocked unread', () => {
  const config = buildAttemptConfig();
  const input = buildGateInput(
    { put: { a: 'xyz' } },
    { config: { ...config, limits: { ...config.limits, changedBytes: 2 } } },
  );
  expect(secrets(input)).toEqual([expect.objectContaining({ effect: 'blocks', code: 'gate-blocked' })]);
});
