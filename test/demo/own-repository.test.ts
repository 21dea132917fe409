/** `npm run demo -- --repo DIR --issue FILE`: a repository and an issue of one's own, with any model, through the same line. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { create, finish, type ScriptStep, say } from '../../demo/model/script.ts';
import { startScriptedModel } from '../../demo/model/scripted-model.ts';
import { SCENARIOS } from '../../demo/scenarios/all.ts';
import { hasBubblewrap } from '../fixtures/prerequisites.ts';
import { type Ended, runNode } from '../fixtures/run-process.ts';

const LIMIT_MS = 120_000;
/** Where bubblewrap is missing, code of another repository runs only when asked for. */
const ISOLATION = hasBubblewrap ? [] : ['--isolation', 'none'];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'glovebox-demo-repo-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function demo(...args: readonly string[]): Promise<Ended> {
  return runNode(['demo/main.ts', ...args]);
}

describe('npm run demo -- --repo DIR --issue FILE', () => {
  const FILES = {
    '.github/glovebox.yml':
      "template: local\nchecks:\n  - run: node --test --test-reporter=tap\n    kind: tests\n    report: { format: tap, path: '-' }\n",
    'package.json': '{ "name": "sum", "type": "module" }\n',
    'sum.js': 'export const sum = (...values) => values[0] + values[1];\n',
    'sum.test.js':
      "import assert from 'node:assert/strict';\nimport { it } from 'node:test';\nimport { sum } from './sum.js';\nit('adds two', () => assert.equal(sum(1, 2), 3));\n",
  };
  const issue = (): string => join(folder, 'issue.md');
  const repo = (): string => join(folder, 'sum');

  beforeEach(() => {
    mkdirSync(join(repo(), '.github'), { recursive: true });
    for (const [path, text] of Object.entries(FILES)) writeFileSync(join(repo(), path), text);
    writeFileSync(issue(), '# sum adds only two values\n\nThree should work.\n');
    const git = (...args: readonly string[]): void =>
      void execFileSync('git', [
        '-C',
        repo(),
        '-c',
        'user.name=o',
        '-c',
        'user.email=o@example.com',
        ...args,
      ]);
    git('init', '--quiet');
    git('add', '--all');
    git('commit', '--quiet', '--message', 'Sum');
  });

  it(
    'takes a fresh repository from issue to a verified pull request, with any upstream',
    async () => {
      const added = `${FILES['sum.test.js']}it('adds three', () => assert.equal(sum(1, 2, 3), 6));\n`;
      const script: readonly ScriptStep[] = [
        say('A test first.', create('sum.test.js', added)),
        say(
          '',
          create('sum.js', 'export const sum = (...values) => values.reduce((all, one) => all + one, 0);\n'),
        ),
        say('', finish('All values are added now.')),
      ];
      const model = await startScriptedModel(script);
      try {
        const paths = ['--repo', repo(), '--issue', issue(), '--upstream', model.url];
        const { code, stdout, stderr } = await demo('--json', ...paths, ...ISOLATION);
        expect([code, stderr]).toEqual([0, '']);
        expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
          outcome: 'verified',
          conclusion: 'success',
          tests: { before: { passed: 1, failed: 0 }, after: { passed: 2, failed: 0 } },
          proof: { new: 1, failOnBase: 1 },
        });
      } finally {
        await model.close();
      }
    },
    LIMIT_MS,
  );

  it(
    'with a conversation about another repository ends with a human, and exits with 1',
    async () => {
      const scripted = SCENARIOS['fix']?.answers.slice(5, 6) ?? [];
      const model = await startScriptedModel([...scripted, say('', finish('Nothing of that is here.'))]);
      try {
        const paths = ['--repo', repo(), '--issue', issue(), '--upstream', model.url];
        const { code, stdout } = await demo(...paths, ...ISOLATION);
        expect(code).toBe(1);
        expect(stdout).toContain('Needs a human in ');
        expect(stdout).toContain('the change set is empty');
      } finally {
        await model.close();
      }
    },
    LIMIT_MS,
  );

  it('names a folder where a file was meant, and a configuration that is not committed', async () => {
    const noIssue = await demo('--repo', repo(), '--issue', folder);
    expect([noIssue.code, noIssue.stderr]).toEqual([
      2,
      `Refused: Cannot read an issue from '${folder}': expected a Markdown file with the title in its first line.\n`,
    ]);
    const noConfig = await demo('--repo', repo(), '--issue', issue(), '--config', folder);
    expect([noConfig.code, noConfig.stderr]).toEqual([
      2,
      `Refused: There is no configuration at '${folder}': expected a committed .github/glovebox.yml, or one given by --config FILE.\n`,
    ]);
    const git = ['-C', repo(), '-c', 'user.name=o', '-c', 'user.email=o@example.com'];
    execFileSync('git', [...git, 'rm', '--quiet', '--cached', '.github/glovebox.yml']);
    execFileSync('git', [...git, 'commit', '--quiet', '--message', 'Without']);
    const { code, stderr } = await demo('--repo', repo(), '--issue', issue());
    expect([code, stderr]).toEqual([
      2,
      `Refused: The configuration at '${repo()}/.github/glovebox.yml' is not committed: expected it in HEAD. Commit it, or name it with --config.\n`,
    ]);
  });

  it(
    'says what a model that refuses its key made of the task, and with scripted answers that they know the sample',
    async () => {
      const model = await startScriptedModel([], { apiKey: 'another' });
      try {
        const paths = ['--repo', repo(), '--issue', issue()];
        const refused = await demo(...paths, '--upstream', model.url, ...ISOLATION);
        expect(refused.code).toBe(1);
        expect(refused.stdout).toMatch(/Errored in .*\n {2}the model could not be reached or gave no answer/);
        expect(refused.stdout).toContain(
          "  > No answer from the model: The gateway's own access to the model was refused.",
        );
        expect(refused.stdout).not.toContain('The scripted answers');
        const scripted = await demo(...paths, ...ISOLATION);
        expect(scripted.stdout).toContain('The scripted answers know the sample alone');
      } finally {
        await model.close();
      }
    },
    LIMIT_MS,
  );

  it('refuses a folder that is no repository, and one half of the two options, with one sentence each', async () => {
    const nowhere = await demo('--repo', folder, '--issue', issue());
    expect([nowhere.code, nowhere.stderr]).toEqual([
      2,
      `Refused: Cannot read '${folder}' given by --repo: expected a local git repository with a commit. Name one.\n`,
    ]);
    const half = await demo('--repo', repo());
    expect([half.code, half.stderr.split('\n').length]).toEqual([2, 2]);
  });
});
