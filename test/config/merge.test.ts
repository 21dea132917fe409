/** Merging: repository values only tighten, and the pinned configuration says where each file came from. */
import { describe, expect, it } from 'vitest';
import { AttemptConfig } from '../../src/config/attempt-config.ts';
import { capsOf, teamOf } from '../../src/config/caps.ts';
import { mergeConfig } from '../../src/config/merge.ts';
import { SHIPPED_PRICES } from '../../src/config/model-catalogue.ts';
import { priceTable } from '../../src/config/price-table.ts';
import { problemSentence } from '../../src/config/problem.ts';
import { readRepoConfig } from '../../src/config/read-file.ts';
import { buildAdmin, buildAdminFile } from '../builders/admin-config.ts';

const BASE = "template: node-24\nchecks: [{ run: npm test, report: { format: tap, path: '-' } }]\n";

function merge(text: string, extra = '', from: 'repository' | 'organisation' = 'repository') {
  const admin = buildAdminFile(extra);
  const file = readRepoConfig(text, '.github/glovebox.yml', admin.config);
  return mergeConfig({ admin, file, from, repository: 'octo-org/clock' });
}
const errors = (text: string, extra = ''): string[] => merge(text, extra).problems.map(problemSentence);

describe('a merged configuration', () => {
  it('fits the pinned contract', () => {
    const { config } = merge(BASE, 'teams: { web: [octo-org/clock] }');
    expect(AttemptConfig.parse(config)).toEqual(config);
    expect(config).toMatchObject({ team: 'web', model: { id: 'claude-sonnet-4-6' }, ci: 'after-approval' });
  });

  it('takes a smaller budget, and refuses a larger one with both values', () => {
    expect(merge(`${BASE}budget: { perTask: 0.5 }`).config?.taskBudgetNanoUsd).toBe('500000000');
    expect(merge(`${BASE}budget: { perTask: 5 }`).config?.taskBudgetNanoUsd).toBe('5000000000');
    expect(errors(`${BASE}budget: { perTask: 5.01 }`)).toEqual([
      "Invalid budget '5.01' in .github/glovebox.yml at budget.perTask: expected 0.01 to 5.00 US dollars (glovebox.config.yml). Write a number in this range.",
    ]);
  });

  it('counter-test: by itself the file is valid, and merged as settings usually are its larger budget holds', () => {
    const { budget } = buildAdmin();
    const file = readRepoConfig(`${BASE}budget: { perTask: 5.01 }`, '.github/glovebox.yml', null);
    expect(file.problems).toEqual([]);
    const merged = { ...budget, ...file.config?.budget };
    expect([budget.perTask, merged.perTask]).toEqual([5_000_000_000n, 5_010_000_000n]);
  });

  it('INC-16: adds protected paths and never removes any', () => {
    const { config } = merge(
      `${BASE}protectedPaths: [src/auth/**]`,
      'protectedPaths: [infra/**]\nallowedPaths: [docs/.x]',
    );
    expect(config).toMatchObject({ protectedPaths: ['infra/**', 'src/auth/**'], allowedPaths: ['docs/.x'] });
    expect(errors(`${BASE}allowedPaths: ['.github/**']`)[0]).toMatch(/^Unknown key 'allowedPaths'/);
  });

  it.each([
    ['template: python', /^Unknown template 'python' .* expected one of 'node-24'/],
    ['model: claude-sonet-4-6', /^Unknown model .*Did you mean 'claude-sonnet-4-6'\?$/],
    ['ci: at-once', /^Unknown key 'ci'/],
    ['isolation: none', /^Unknown key 'isolation'/],
    ['label: x', /^Unknown key 'label'/],
  ])('refuses %s', (line, expected) => {
    const text = line.startsWith('template') ? BASE.replace('template: node-24', line) : `${BASE}${line}`;
    expect(errors(text).join()).toMatch(expected);
  });

  it('refuses a check that may run longer than verify', () => {
    const text = 'template: node-24\nchecks: [{ run: a, kind: command, timeout: 2 h }]';
    expect(errors(text).join()).toMatch(
      /Invalid timeout '7200 s' .* at most 1200 s, the admin's limits.verify/,
    );
  });

  it('refuses keys that repositories may not set; the organisation’s own file may', () => {
    const rule = 'repositories: { mayChange: [checks, template] }';
    expect(errors(`${BASE}model: claude-sonnet-4-6`, rule).join()).toMatch(
      /^Key 'model' .* expected only 'checks', 'template'/,
    );
    expect(merge(`${BASE}model: claude-sonnet-4-6`, rule, 'organisation').config).not.toBeNull();
  });

  it('needs a template from one of both', () => {
    const text = BASE.replace('template: node-24\n', '');
    expect(errors(text)).toEqual([
      "Missing key 'template' in .github/glovebox.yml: expected one of 'node-24' (glovebox.config.yml).",
    ]);
    expect(merge(text, 'defaultTemplate: node-24').config?.template.name).toBe('node-24');
  });

  it('says everything at once', () => {
    expect(errors(`${BASE}model: x\nbudget: { perTask: 9 }`)).toHaveLength(2);
  });
});

describe('caps, teams and prices', () => {
  it('gives caps in nano-dollars, null where there is none', () => {
    const admin = buildAdmin('teams: { web: [octo-org/clock] }').budget;
    expect(admin.repository.day).toBe(20_000_000_000n);
    expect(capsOf(buildAdmin())).toEqual({
      repository: { day: 20_000_000_000n, month: null },
      organisation: { day: null, month: null },
      teams: {},
    });
  });

  it('finds a team without regard to case', () => {
    const admin = buildAdmin('teams: { web: [octo-org/clock] }');
    expect(teamOf(admin, 'Octo-Org/Clock')).toBe('web');
    expect(teamOf(admin, 'octo-org/other')).toBeNull();
  });

  it('reads overrides per million tokens, fills in cache prices, and takes 0 as a price', () => {
    const admin = buildAdmin();
    const price = { input: 3_000n, output: 15_000n };
    const models = {
      a: { maxOutputTokens: 1, contextTokens: 1, price },
      free: { maxOutputTokens: 1, contextTokens: 1, price: 0 as const },
      unknown: { maxOutputTokens: 1, contextTokens: 1 },
    };
    const table = priceTable({ ...admin, models }, {}, '2026-01-05');
    expect(table.get('a')).toEqual({
      ...price,
      cacheWrite5m: 3_750n,
      cacheWrite1h: 6_000n,
      cacheRead: 300n,
      source: 'admin',
      asOf: '2026-01-05',
    });
    expect(table.get('free')).toMatchObject({ input: 0n, output: 0n });
    expect(table.has('unknown')).toBe(false);
    const dated = { ...models, 'claude-sonnet-4-5-20250929': models.unknown, constructor: models.unknown };
    const shipped = priceTable({ ...admin, models: dated }, SHIPPED_PRICES, '2026-01-05');
    expect(shipped.get('claude-sonnet-4-5-20250929')).toEqual(SHIPPED_PRICES['claude-sonnet-4-5']);
    expect(shipped.has('constructor')).toBe(false);
  });
});
