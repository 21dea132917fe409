/** The secret scanner: every kind, every encoding, no value shown, and what it leaves alone. */
import { describe, expect, test } from 'vitest';
import { decodeRuns } from '../../src/result/decode-runs.ts';
import type { KnownSecrets } from '../../src/result/known-secrets.ts';
import { redact, scanText } from '../../src/result/scan-text.ts';
import { issueToken, tokenHash } from '../../src/shared/token.ts';

/** Made at run time, so that no scanner (ours included) finds a credential in this file. */
const join = (...parts: string[]): string => parts.join('');
const letters = 'aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bD1fG3hJ5kL7nP9rS1tU3wX5zA7cE9gI1kM3oQ5sU7wY9a';
const some = (count: number): string => letters.slice(0, count);
const github = join('ghp', '_', some(36));
const anthropic = join('sk-', 'ant-', 'api03-', some(70), 'AA');
const token = issueToken((size) => new Uint8Array(size).fill(7));
const jwt = [`{"alg":"HS256"}`, `{"sub":"1234567890"}`, some(30)]
  .map((part) => Buffer.from(part).toString('base64url'))
  .join('.');
const pem = (body: string): string =>
  join('-----BEGIN ', 'PRIVATE KEY-----\n', body, '\n-----END ', 'PRIVATE KEY-----');

describe('certain kinds', () => {
  test.each([
    ['AWS access key id', join('AKIA', 'QWERTYUIOPASDF23')],
    ['AWS secret key', `aws_secret_access_key = ${some(38)}/+`],
    ['GitHub token', github],
    ['GitHub token', join('ghs', '_', some(36))],
    ['GitHub token', join('ghs', '_', some(20), '.', some(60), '.', some(40))],
    ['GitHub token', join('github', '_pat_', some(22), '_', some(59))],
    ['GitLab token', join('glpat', '-', some(20))],
    ['Anthropic key', anthropic],
    ['OpenAI key', join('sk-', 'proj-', some(48))],
    ['Slack token', join('xoxb', '-123456789012-', some(24))],
    ['Slack webhook', join('https://hooks.slack.com/', 'services/T00000000/B00000000/', some(24))],
    ['Google key', join('AIza', some(35))],
    ['Google OAuth secret', join('GOCSPX', '-', some(28))],
    ['Stripe key', join('sk', '_live_', some(24))],
    ['npm token', join('npm', '_', some(36))],
    ['npm token', `//registry.npmjs.org/:_authToken=${some(36)}`],
    ['PyPI token', join('pypi', '-', some(60))],
    ['SendGrid key', join('SG', '.', some(22), '.', some(43))],
    ['JSON web token', jwt],
    ['private key', pem('MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF')],
    ['private key', pem('MHcCAQEEIBkg4LVWM9nuwNSk3yByxZpYRTBnVJ').replace('PRIVATE', 'EC PRIVATE')],
    ['private key', pem('MC4CAQAwBQYDK2VwBCIEIJ').replaceAll('\n', '\\n')],
    ['private key', pem(`Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n${some(64)}`)],
    ['password in a URL', `postgres://app:${some(12)}@db.internal.net:5432/x`],
    ['basic authentication', `Authorization: Basic ${Buffer.from('app:h4ckm3n0t').toString('base64')}`],
    ['Glovebox token', token],
  ])('%s: %s', (kind, secret) => {
    const found = scanText(`const a = "${secret}";`).filter((one) => one.certain);
    expect(found.map((one) => one.kind)).toContain(kind);
    const shown = redact(`before ${secret} after`);
    expect(shown).toMatch(/^before .*\(removed: .+\).* after$/s);
    for (const piece of secret.match(/[A-Za-z0-9+/]{20,}/g) ?? []) expect(shown).not.toContain(piece);
  });
});

describe('kinds that a human decides', () => {
  test.each([
    ['secret assigned', `password = "${some(16)}"`],
    ['secret assigned', `API_KEY: ${some(20)}`],
    ['secret assigned', `{"client_secret":"${some(24)}"}`],
    ['random text in quotes', `const value = '${some(40)}';`],
    ['password in a URL', 'redis://user:hunter22@localhost:6379'],
    ['bearer token', `Authorization: Bearer ${some(40)}`],
  ])('%s: %s', (kind, text) => {
    expect(scanText(text)).toEqual([expect.objectContaining({ kind, certain: false })]);
    expect(redact(text)).toBe(text);
  });
});

describe('what is no secret', () => {
  test.each([
    'const token = await issueToken(random);',
    'password: process.env.PASSWORD',
    'password = "changeme-please"',
    'const secret = "<your-secret-here>"',
    join('token: $', '{{ secrets.GITHUB_TOKEN }}'),
    join('AKIA', 'IOSFODNN7EXAMPLE'),
    `sha256:${'0123456789abcdef'.repeat(4)}`,
    'commit 1f0c9d2b4e6a8c0d2f4b6d8e0a1c3e5f7a9b1d3f',
    'f47ac10b-58cc-4372-a567-0e02b2c3d479',
    'https://example.com/path?x=1#y',
    'git@github.com:octo-org/clock.git',
    join('https://octocat:$', '{PASSWORD}@example.com/'),
    join('-----BEGIN ', 'PRIVATE KEY-----'),
    join('-----BEGIN ', 'PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n'),
    'src/result/gates/test-weakening.ts and test/result/gates/test-weakening.test.ts',
    token.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
  ])('%s', (text) => {
    expect(scanText(text).filter((one) => one.certain)).toEqual([]);
  });
});

describe('INC-05: encodings', () => {
  const encodings: readonly (readonly [string, (secret: string) => string])[] = [
    ['base64', (secret) => Buffer.from(secret).toString('base64')],
    ['base64url', (secret) => Buffer.from(`??>>${secret}`).toString('base64url')],
    [
      'base64, misaligned by what stands before',
      (secret) => `x${Buffer.from(`ab${secret}`).toString('base64').slice(1)}`,
    ],
    [
      'base64, wrapped',
      (secret) =>
        (
          Buffer.from(`${'padding '.repeat(9)}${secret}`)
            .toString('base64')
            .match(/.{1,60}/g) ?? []
        ).join('\n'),
    ],
    ['base64 of base64', (secret) => Buffer.from(Buffer.from(secret).toString('base64')).toString('base64')],
    ['base64 of UTF-16', (secret) => Buffer.from(secret, 'utf16le').toString('base64')],
    [
      'base64 amid garbage bytes',
      (secret) =>
        Buffer.concat([Buffer.alloc(99, 200), Buffer.from(secret), Buffer.alloc(99, 200)]).toString('base64'),
    ],
    ['hex', (secret) => Buffer.from(secret).toString('hex')],
    [
      'upper-case hex with colons',
      (secret) => Buffer.from(secret).toString('hex').toUpperCase().match(/../g)?.join(':') ?? '',
    ],
    ['a byte array', (secret) => [...Buffer.from(secret)].map((byte) => `0x${byte.toString(16)}`).join(', ')],
    ['character codes', (secret) => [...Buffer.from(secret)].join(', ')],
    [
      'percent encoding',
      (secret) => [...Buffer.from(secret)].map((byte) => `%${byte.toString(16)}`).join(''),
    ],
    ['escapes', (secret) => [...Buffer.from(secret)].map((byte) => `\\x${byte.toString(16)}`).join('')],
    [
      'unicode escapes',
      (secret) => [...secret].map((one) => `\\u00${one.charCodeAt(0).toString(16)}`).join(''),
    ],
    ['HTML entities', (secret) => [...secret].map((one) => `&#${one.charCodeAt(0)};`).join('')],
    ['reversed', (secret) => [...secret].reverse().join('')],
    ['reversed base64', (secret) => [...Buffer.from(secret).toString('base64')].reverse().join('')],
    ['base64 of the reversed', (secret) => Buffer.from([...secret].reverse().join('')).toString('base64')],
    ['joined literals', (secret) => `${secret.slice(0, 9)}" + "${secret.slice(9)}`],
    ['literals over lines', (secret) => `${secret.slice(0, 9)}' +\n      '${secret.slice(9)}`],
    ['invisible characters', (secret) => [...secret].join('\u200b')],
    [
      'full-width letters',
      (secret) => [...secret].map((one) => String.fromCharCode(one.charCodeAt(0) + 0xfee0)).join(''),
    ],
  ];

  test.each(encodings)('a token in %s is found and removed', (_how, encode) => {
    for (const secret of [github, token]) {
      const text = `const a = "${encode(secret)}";\nconst b = 1;\n`;
      expect(scanText(text).filter((one) => one.certain)).not.toEqual([]);
      const shown = redact(text);
      expect(shown).not.toContain(encode(secret));
      expect(shown).toContain('const b = 1;');
      expect(scanText(shown).filter((one) => one.certain)).toEqual([]);
    }
  });

  test('counter-test: a scan of the plain text alone finds none of the encoded ones', () => {
    const found = encodings.filter(([, encode]) => encode(github).includes(github));
    expect(found).toEqual([]);
  });

  test('the first 7 characters cut off: known values and our own tokens are still found', () => {
    const known: KnownSecrets = { values: [github, anthropic], issuedTokenHashes: new Set() };
    for (const secret of [github, anthropic]) {
      expect(scanText(`x = ${secret.slice(7)};`, known)).toContainEqual(
        expect.objectContaining({ kind: 'known secret', certain: true }),
      );
      expect(redact(`x = ${secret.slice(7)};`, known)).not.toContain(secret.slice(12, 30));
    }
    expect(scanText(`x = ${token.slice(4)};`)).toContainEqual(
      expect.objectContaining({ kind: 'Glovebox token' }),
    );
    expect(scanText(`x = ${anthropic.slice(7)};`)).toContainEqual(
      expect.objectContaining({ kind: 'Anthropic key' }),
    );
  });

  test('counter-test: without the known value the same cut token of a provider only asks, by its randomness', () => {
    expect(scanText(`x = '${github.slice(4)}';`)).toEqual([expect.objectContaining({ certain: false })]);
  });

  test('a piece of a known value is found in an encoding, the shared beginning of keys alone is not', () => {
    const known: KnownSecrets = { values: [anthropic], issuedTokenHashes: new Set() };
    const piece = Buffer.from(anthropic.slice(20, 50)).toString('base64');
    expect(scanText(`"${piece}"`, known)).toContainEqual(
      expect.objectContaining({ kind: 'known secret (in base64)' }),
    );
    expect(scanText(`keys begin with ${anthropic.slice(0, 13)}`, known)).toEqual([]);
  });

  test('a token known by its hash is found though its checksum is not ours', () => {
    const foreign = `${token.slice(0, -8)}00000000`;
    expect(scanText(foreign)).toEqual([]);
    expect(
      scanText(foreign, { values: [], issuedTokenHashes: new Set([tokenHash(foreign)]) }),
    ).toContainEqual(expect.objectContaining({ kind: 'Glovebox token', certain: true }));
  });
});

describe('redact', () => {
  test('is deterministic, keeps the rest, and removes every one of several', () => {
    const text = `a ${github} b ${github} c ${jwt} d`;
    expect(redact(text)).toBe(
      'a (removed: GitHub token) b (removed: GitHub token) c (removed: JSON web token) d',
    );
    expect(redact(text)).toBe(redact(text));
    expect(redact(redact(text))).toBe(redact(text));
  });

  test('leaves nothing of overlapping secrets', () => {
    const known: KnownSecrets = {
      values: [`${github.slice(20)}-and-its-tail`],
      issuedTokenHashes: new Set(),
    };
    expect(redact(`x ${github}-and-its-tail y`, known)).not.toContain('and-its-tail');
  });

  test('fails closed where a text decodes to more than may be read', () => {
    const text = Buffer.from(`${'a sentence. '.repeat(20)}`).toString('base64');
    expect(scanText(text)).toEqual([]);
    expect(scanText(text, undefined, text.length + 10)).toEqual([
      { kind: 'text that decodes to too much to be read', start: 0, end: text.length, certain: true },
    ]);
  });

  test('finds a secret wherever it stands in a long text, as it is and in base64', () => {
    const encoded = Buffer.from(`the key is ${github}, keep it`).toString('base64');
    for (const at of [0, 98_290, 98_304, 131_050, 131_072, 200_000, 399_900]) {
      for (const secret of [github, encoded]) {
        const text = `${'word '.repeat(at / 5)}${secret} ${'word '.repeat(80_000 - at / 5)}`;
        const redacted = redact(text);
        expect(redacted).not.toContain(secret);
        expect(redacted.length).toBeGreaterThan(text.length - secret.length - 20);
      }
    }
  });

  test.each(['x', '7', 'a1 ', '12, ', '=', '\u200b'])('reads 12 MB of %j', (piece) => {
    const text = piece.repeat(12_000_000 / piece.length);
    expect(redact(`${text} ${github}`)).toBe(`${text} (removed: GitHub token)`);
  });

  test('counter-test: one run of 12 MB, read as a whole, is more than the patterns can take', () => {
    expect(() => decodeRuns('x'.repeat(12_000_000))).toThrow(RangeError);
  });

  test('reads hostile text in time that grows with its length', () => {
    const pieces = [
      'eyJ ghp_ AKIA ',
      'http://a:',
      '%41',
      '-eyJ',
      'deadbeef',
      '10, ',
      '" + "',
      "password = 'x",
    ];
    for (const piece of pieces) {
      const started = performance.now();
      scanText(piece.repeat(Math.ceil(200_000 / piece.length)));
      expect(performance.now() - started).toBeLessThan(5_000);
    }
  });
});
