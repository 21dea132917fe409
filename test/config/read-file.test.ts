/** Configuration files from people: what is wrong is said with file, line, path, value and what is allowed. */
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { MAX_CONFIG_BYTES } from '../../src/config/parse-yaml.ts';
import { problemLine, problemSentence } from '../../src/config/problem.ts';
import { readAdminConfig, readRepoConfig } from '../../src/config/read-file.ts';
import { buildAdmin, buildAdminFile } from '../builders/admin-config.ts';

const CHECKS = "checks: [{ run: npm test, report: { format: tap, path: '-' } }]\n";
const sentences = (text: string): string[] =>
  readRepoConfig(text, '.github/glovebox.yml', buildAdmin()).problems.map(problemSentence);

describe('a repository file', () => {
  it('is read with its defaults', () => {
    expect(readRepoConfig(CHECKS, 'f').config).toEqual({
      setup: [],
      checks: [{ run: 'npm test', kind: 'tests', report: { format: 'tap', path: '-' }, timeout: 600_000 }],
      protectedPaths: [],
      budget: {},
      instructions: ['AGENTS.md', 'CLAUDE.md'],
    });
  });

  it('is answered as the house grammar says', () => {
    const text = `template: node-24\nsetup: [npm ci]\nbudget:\n  perTask: -3\n\n\ncheck: []\n`;
    const { problems } = readRepoConfig(text, '.github/glovebox.yml', buildAdmin());
    expect(problems.map(problemLine)).toEqual([
      ".github/glovebox.yml:4  Invalid budget '-3' at budget.perTask: expected 0.01 to\n  5.00 US dollars (glovebox.config.yml). Write a number in this range.",
      ".github/glovebox.yml:7  Unknown key 'check': did you mean 'checks'?",
    ]);
    expect(problems[0] && problemSentence(problems[0])).toBe(
      "Invalid budget '-3' in .github/glovebox.yml at budget.perTask: expected 0.01 to 5.00 US dollars (glovebox.config.yml). Write a number in this range.",
    );
  });

  it.each([
    ['', 'No content in .github/glovebox.yml: expected a map of keys.'],
    ['setup: []', "Missing key 'checks' in .github/glovebox.yml: expected a list of 1 to 20 checks."],
    [
      'checks: []',
      'Invalid checks (a list) in .github/glovebox.yml at checks: expected a list of 1 to 20 checks.',
    ],
    [
      'checks: npm test',
      "Invalid checks 'npm test' in .github/glovebox.yml at checks: expected a list of 1 to 20 checks.",
    ],
    [
      `${CHECKS}setup: npm ci`,
      "Invalid setup 'npm ci' in .github/glovebox.yml at setup: expected a list of at most 50.",
    ],
    [
      'checks: [{ run: npm test, timeout: 3 days, kind: command }]',
      "Invalid timeout '3 days' in .github/glovebox.yml at checks[0].timeout: expected a duration from 1 s to 24 h, such as '90 s' or '10 min'.",
    ],
    [
      'checks: [{ run: npm test, kind: test }]',
      "Invalid check kind 'test' in .github/glovebox.yml at checks[0].kind: expected one of 'tests', 'command'.",
    ],
    [
      'checks: [{ run: npm test }]',
      "Missing key 'report' in .github/glovebox.yml at checks[0]: expected format (junit or tap) and path for a `tests` check. Say where the command writes its report, or set kind: command.",
    ],
    [
      "checks: [{ run: npm test, report: { format: junit, path: '-' } }]",
      "Invalid report path '-' in .github/glovebox.yml at checks[0].report.path: expected a file, since standard output (-) goes with format: tap only.",
    ],
    [
      'checks: [{ run: npm test, report: { format: junit, path: ../r.xml } }]',
      "Invalid report path '../r.xml' in .github/glovebox.yml at checks[0].report.path: expected a path inside the repository, without '..' and not starting with '/'.",
    ],
    [
      'checks: [{ run: npm test, reprot: { format: tap, path: r } }]',
      "Unknown key 'reprot' in .github/glovebox.yml at checks[0]: did you mean 'report'?",
    ],
    [
      'checks: [{ run: a, report: { format: tap, path: r } }, { run: a, kind: command }]',
      "Duplicate check 'a' in .github/glovebox.yml at checks[1]: expected names that differ; checks[0] has it too.",
    ],
    [
      `${CHECKS}color: red`,
      "Unknown key 'color' in .github/glovebox.yml: expected one of 'template', 'setup', 'checks', 'protectedPaths', 'budget', 'model', 'instructions'.",
    ],
    [
      `${CHECKS}protectedPaths: [/etc]`,
      "Invalid path pattern '/etc' in .github/glovebox.yml at protectedPaths[0]: expected a glob inside the repository, such as 'infra/**'.",
    ],
    [
      `${CHECKS}protectedPaths: ['src/{a,b}/**']`,
      "Invalid path pattern 'src/{a,b}/**' in .github/glovebox.yml at protectedPaths[0]: expected a glob inside the repository, such as 'infra/**'.",
    ],
  ])('%j', (text, sentence) => {
    expect(sentences(text)).toEqual([sentence]);
  });

  it('without a `tests` check is valid, with the warning that nothing can be verified', () => {
    const { config, problems } = readRepoConfig('checks: [{ run: make, kind: command }]', 'f');
    expect(config).not.toBeNull();
    expect(problems).toMatchObject([{ severity: 'warning', what: "No 'tests' check", line: 1 }]);
  });

  it('reports everything at once, in the order of lines', () => {
    const text = 'template: 7\nsetup: [1]\nmodel: []\nchecks: [{}]\n';
    expect(readRepoConfig(text, 'f').problems.map(({ line }) => line)).toEqual([1, 2, 3, 4]);
  });

  it('shows values on one line and cut, whatever they hold', () => {
    const [sentence = ''] = sentences(`${CHECKS}budget: { perTask: "${'x'.repeat(500)}\\n\\u202eevil" }`);
    expect(sentence).toContain(`'${'x'.repeat(60)}...'`);
    expect(sentences(`${CHECKS}budget: { perTask: "a\\n\\u202eb" }`)[0]).toContain("'a??b'");
  });
});

describe('hostile YAML is refused with a line, and nothing of it is read', () => {
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...'bcdefgh'
      .split('')
      .map(
        (key, index) =>
          `${key}: &${key} [${'*abcdefg'.charAt(0)}${'abcdefg'[index]}${`,*${'abcdefg'[index]}`.repeat(8)}]`,
      ),
  ].join('\n');
  it.each([
    ['an alias bomb', bomb, /Anchor '&a'/],
    ['an alias', 'a: &x 1\nchecks: *x', /Anchor|Alias/],
    [
      'a tag of JavaScript',
      'checks: !!js/function "() => 1"',
      /Tag 'tag:yaml.org,2002:js\/function'|Invalid YAML|Tag/,
    ],
    ['a local tag', 'checks: !evil 1', /Tag '!evil'|Invalid YAML/],
    ['a binary tag', 'checks: !!binary aGk=', /Tag|Invalid YAML/],
    ['a duplicate key', `${CHECKS}model: a\nmodel: b`, /Duplicate key/],
    ['a prototype key', `${CHECKS}__proto__: { polluted: 1 }`, /Forbidden key '__proto__'/],
    ['a nested prototype key', `${CHECKS}budget: { constructor: { a: 1 } }`, /Forbidden key 'constructor'/],
    ['two documents', `${CHECKS}---\nmodel: a`, /Invalid YAML/],
    ['a merge key', 'checks: [{ <<: { run: a } }]', /Unknown key '<<'|Missing key/],
    ['a huge file', `# ${'x'.repeat(MAX_CONFIG_BYTES)}`, /File of \d+ bytes/],
    ['deep brackets', `checks: ${'['.repeat(5_000)}`, /Nesting that is too deep/],
    ['deep brackets over many lines', `checks: ${'[\n '.repeat(9_000)}`, /Nesting|Invalid YAML/],
    ['deep dashes', `checks:\n ${'- '.repeat(5_000)}x`, /Nesting that is too deep/],
    [
      'deep maps over many lines',
      Array.from({ length: 300 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
      /Nesting|Invalid YAML|Unknown key/,
    ],
    ['a map as a key', 'checks: [{ ? { a: b } : c }]', /Invalid YAML/],
    ['broken YAML', 'checks: [', /Invalid YAML/],
    ['a control character', 'checks: "\u0000"', /Invalid/],
  ])('%s', (_word, text, expected) => {
    const started = performance.now();
    const { config, problems } = readRepoConfig(text, 'f');
    expect(config).toBeNull();
    expect(problems.map(problemLine).join('\n')).toMatch(expected);
    expect(problems.every(({ line }) => line >= 1)).toBe(true);
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});

describe('INC-06, counter-test: a reader that takes what it can', () => {
  it.each([
    ['a duplicate key', `protectedPaths: [secrets/**]\n${CHECKS}protectedPaths: []`, { protectedPaths: [] }],
    ['a key with a typo', `protectedPath: [secrets/**]\n${CHECKS}`, { checks: [{ run: 'npm test' }] }],
    ['a text for a list', `${CHECKS}protectedPaths: secrets/**`, { protectedPaths: 'secrets/**' }],
  ])('goes on with %s, and without the protection that was asked for', (_word, text, taken) => {
    const read: unknown = parseDocument(text, { uniqueKeys: false }).toJS();
    const lenient = z.object({ protectedPaths: z.array(z.string()).catch([]).default([]) }).loose();
    expect(read).toMatchObject(taken);
    expect(lenient.parse(read).protectedPaths).toEqual([]);
    expect(readRepoConfig(text, 'f').config).toBeNull();
  });
});

describe('an admin file', () => {
  it('is read with its defaults and amounts', () => {
    const admin = buildAdmin();
    expect(admin).toMatchObject({
      label: 'agent',
      ci: 'after-approval',
      attempts: 3,
      rounds: 3,
      bots: [],
      budget: { perTask: 5_000_000_000n, repository: { day: 20_000_000_000n }, organisation: {} },
      templates: { 'node-24': { isolation: 'bubblewrap', memory: 4_000_000_000, disk: 4_000_000_000 } },
      rateLimits: { user: 5, repository: 20 },
      limits: { work: 3_600_000 },
    });
  });

  it.each([
    ['defaultTemplate: node-25', /Unknown template 'node-25' at defaultTemplate: did you mean 'node-24'\?/],
    ['teams: { web: [octo-org/a], app: [Octo-Org/A] }', /in two teams at teams.app\[0\]/],
    ['teams: { web: [clock] }', /Invalid repository 'clock' at teams.web\[0\]: expected owner\/name/],
    ['attempts: 0', /Invalid attempts '0' at attempts: expected a whole number from 1 to 20/],
    ['bots: ["dependabot[bot]"]', /Invalid account id 'dependabot\[bot\]' at bots\[0\]/],
    ['ci: always', /expected one of 'after-approval', 'at-once'/],
    ['limits: { work: 3 days }', /expected a duration from 10 s to 24 h/],
    ['lable: x', /Unknown key 'lable': did you mean 'label'\?/],
    ['label: "a,b"', /Invalid label 'a,b'/],
  ])('%s', (line, expected) => {
    const { config, problems } = buildAdminFile(line);
    expect(config).toBeNull();
    expect(problems.map(problemLine).join('\n').replaceAll('\n  ', ' ')).toMatch(expected);
  });

  it.each([
    ['price: -1', /Invalid price '-1'.*expected 0, or input and output in US dollars per million tokens/],
    ['price: free', /Invalid price 'free'/],
    ['price: { input: 3 }', /Missing key 'output'|Invalid price/],
    ['price: { input: 3, output: 15, cachRead: 1 }', /Unknown key 'cachRead'.*did you mean 'cacheRead'\?/],
  ])('a model with %s is an error', (price, expected) => {
    const { problems } = readAdminConfig(`templates: { a: { isolation: none } }
models:
  m: { ${price} }
defaultModel: m
budget: { perTask: 1 }
`);
    expect(problems.map(problemSentence).join(' ')).toMatch(expected);
  });

  it('must say what one task may spend, and which model and template there are', () => {
    const missing = readAdminConfig('label: agent').problems.map(({ what }) => what);
    expect(missing).toEqual([
      "Missing key 'templates'",
      "Missing key 'models'",
      "Missing key 'defaultModel'",
      "Missing key 'budget'",
    ]);
  });
});
