/** An attempt's pin: base and configuration of one commit, or a refusal that says everything that is wrong. */
import { describe, expect, it } from 'vitest';
import type { ModelPrice } from '../../src/config/model-price.ts';
import { readRepoConfig } from '../../src/config/read-file.ts';
import { REPO_CONFIG_PATH } from '../../src/config/repo-config.ts';
import { smallestConfig } from '../../src/config/smallest-config.ts';
import type { Pinner } from '../../src/controller/ports.ts';
import { digestOf } from '../../src/shared/digest.ts';
import { type PinDeps, pinAttempt } from '../../src/webhook/pin-attempt.ts';
import { buildAdmin, buildAdminFile } from '../builders/admin-config.ts';
import { buildTask } from '../builders/task-record.ts';
import { FakeWebhookGitHub, unavailable } from '../fakes/fake-webhook-github.ts';

const FILE = `template: node-24
checks:
  - { run: npm test, report: { format: tap, path: '-' } }
`;
const price: ModelPrice = {
  input: 3000n,
  output: 15000n,
  cacheWrite5m: 3750n,
  cacheWrite1h: 6000n,
  cacheRead: 300n,
  source: 'a test',
  asOf: '2026-01-05',
};

const room: PinDeps['spentCap'] = async () => null;

async function pin(
  prepare: (github: FakeWebhookGitHub) => void,
  admin = buildAdminFile(),
  spentCap: PinDeps['spentCap'] = room,
) {
  const github = new FakeWebhookGitHub();
  prepare(github);
  const prices = new Map([['claude-sonnet-4-6', price]]);
  const pinner: Pinner = {
    pin: (task) => pinAttempt({ admin, prices, githubFor: async () => github, spentCap }, task),
  };
  const pinned = await pinner.pin(buildTask());
  return { pinned, github };
}

const own = (github: FakeWebhookGitHub, text: string, sha = '1'.repeat(40)) =>
  github.files.set(`${REPO_CONFIG_PATH}@${sha}`, text);

describe('pinning an attempt', () => {
  it('takes branch, commit, tree and the file of exactly that commit', async () => {
    const { pinned } = await pin((github) => own(github, FILE));
    expect(pinned).toMatchObject({
      pin: {
        baseRef: 'main',
        baseSha: '1'.repeat(40),
        baseTreeSha: '2'.repeat(40),
        config: {
          checks: [{ name: 'npm test', kind: 'tests', timeoutMs: 600_000 }],
          taskBudgetNanoUsd: '5000000000',
          digests: { repository: digestOf(FILE), organisation: null },
        },
      },
    });
  });

  it('INC-14: does not read the file of another commit than the base', async () => {
    const { pinned } = await pin((github) => own(github, FILE, '9'.repeat(40)));
    expect(pinned).toMatchObject({ refused: { code: 'config-missing' } });
  });

  it('INC-14, counter-test: read at the tip of the branch, a file that was pushed after the pin is taken', async () => {
    class TipGitHub extends FakeWebhookGitHub {
      override readFileAt(repo: unknown, path: string): Promise<string | null> {
        return super.readFileAt(repo, path, '9'.repeat(40));
      }
    }
    const github = new TipGitHub();
    own(github, FILE, '9'.repeat(40));
    const prices = new Map([['claude-sonnet-4-6', price]]);
    const deps = { admin: buildAdminFile(), prices, githubFor: async () => github, spentCap: room };
    expect(await pinAttempt(deps, buildTask())).toMatchObject({
      pin: { baseSha: '1'.repeat(40), config: { digests: { repository: digestOf(FILE) } } },
    });
  });

  it('falls back to the organisation’s file, which repositories.mayChange does not bind', async () => {
    const admin = buildAdminFile('repositories: { mayChange: [] }');
    const { pinned } = await pin((github) => {
      github.organisationFile = FILE;
    }, admin);
    expect(pinned).toMatchObject({
      pin: { config: { digests: { repository: null, organisation: digestOf(FILE) } } },
    });
  });

  it('prefers the repository’s own file', async () => {
    const { pinned, github } = await pin((fake) => {
      own(fake, FILE);
      fake.organisationFile = 'broken: [';
    });
    expect(pinned).toHaveProperty('pin');
    expect(github.calls).not.toContain(`readOrganisationFile ${REPO_CONFIG_PATH}`);
  });

  it('answers a repository without a file with the smallest one that would do', async () => {
    const { pinned } = await pin(() => {});
    expect(pinned).toMatchObject({ refused: { code: 'config-missing' }, outcome: 'refused' });
    const detail = 'refused' in pinned ? (pinned.refused.detail ?? '') : '';
    expect(detail).toBe(smallestConfig(buildAdmin()));
    expect(readRepoConfig(detail, REPO_CONFIG_PATH, buildAdmin())).toMatchObject({ problems: [] });
    expect((await pin((github) => own(github, detail))).pinned).toHaveProperty('pin');
  });

  it('refuses a repository without a commit', async () => {
    const { pinned } = await pin((github) => {
      github.base = null;
    });
    expect(pinned).toMatchObject({ refused: { code: 'repository-unsupported' } });
  });

  it('refuses an invalid file with every problem', async () => {
    const text =
      'budget: { perTask: 50 }\nmodel: gpt\ntemplate: node-25\nchecks: [{ run: npm test, kind: command }]\n';
    const { pinned } = await pin((github) => own(github, text));
    expect(pinned).toMatchObject({
      refused: {
        code: 'config-invalid',
        values: {
          count: 3,
          message:
            "Invalid budget '50.00' in .github/glovebox.yml at budget.perTask: expected 0.01 to 5.00 US dollars (glovebox.config.yml). Write a number in this range.",
        },
      },
    });
    const detail = 'refused' in pinned ? pinned.refused.detail : '';
    expect(detail?.split('\n').map((line) => line.split('  ')[0])).toEqual([
      '.github/glovebox.yml:1',
      '.github/glovebox.yml:2',
      '.github/glovebox.yml:3',
    ]);
  });

  it('refuses a model without a price; 0 is a price', async () => {
    const local = `${FILE}model: local-7b\n`;
    expect((await pin((github) => own(github, local))).pinned).toMatchObject({
      refused: { code: 'price-unknown', values: { model: 'local-7b' } },
    });
  });

  it.each([
    ['team:web:day:2026-11-21', { scope: 'team web', period: 'today', freeAt: '00:00 UTC' }],
    ['repository:7:day:2026-11-21', { scope: 'octo-org/clock', period: 'today', freeAt: '00:00 UTC' }],
    [
      'organisation:9:month:2026-11',
      { scope: 'octo-org', period: 'this month', freeAt: '2026-12-01 00:00 UTC' },
    ],
  ])('refuses before anything is started where %s is spent', async (scopeId, values) => {
    const freeAt = scopeId.includes('month') ? Date.UTC(2026, 11, 1) : Date.UTC(2026, 10, 22);
    const cap = { scopeId, spentNanoUsd: 49_800_000_000n, capNanoUsd: 50_000_000_000n, freeAt };
    const { pinned } = await pin(
      (github) => own(github, FILE),
      buildAdminFile(),
      async () => cap,
    );
    expect(pinned).toMatchObject({
      outcome: 'refused',
      refused: { code: 'cap-spent', values: { ...values, spent: '$49.80', cap: '$50.00' } },
    });
  });

  it.each(['readDefaultBranch', 'readFileAt', 'readOrganisationFile'])(
    'fails to be tried again where %s gets a 5xx: that is never "absent"',
    async (call) => {
      const attempt = pin((github) => github.failures.push({ call, error: unavailable() }));
      await expect(attempt).rejects.toMatchObject({ code: 'github-unavailable', retry: true });
    },
  );
});
