/** `glovebox` as people call it, in an empty folder: what it prints, what it refuses with one sentence, and how it exits. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { adminFile } from '../../demo/admin-file.ts';
import { openDatabase } from '../../src/task/open-database.ts';
import { type Ended, ROOT, runNode } from '../fixtures/run-process.ts';

const BIN = join(ROOT, 'bin/glovebox.mjs');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'glovebox-cli-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** `npx glovebox …` in an empty folder. */
function glovebox(...args: readonly string[]): Promise<Ended> {
  return runNode([BIN, ...args], { cwd: folder });
}

describe('glovebox', () => {
  it('says the version of the package', async () => {
    const { version } = z
      .looseObject({ version: z.string() })
      .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));
    expect(await glovebox('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('answers an unknown command with the one that was meant, and exits with 2', async () => {
    const { code, stderr } = await glovebox('valdate');
    expect(code).toBe(2);
    expect(stderr).toContain("unknown command 'valdate'\n(Did you mean validate?)");
  });

  it.each([[['task', 'list']], [['ledger']]])(
    'makes no store for %j where there is none, says where it looked, and exits with 2',
    async (args) => {
      const { code, stdout, stderr } = await glovebox(...args);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(
        /^Refused: There is no store in '.+', and DATABASE_URL is not set: .+ run again\.\n$/,
      );
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it('answers a task that the store does not hold in one sentence, and exits with 2', async () => {
    const home = join(folder, 'home');
    mkdirSync(home);
    await (await openDatabase({ kind: 'pglite', folder: join(home, 'store') })).close();
    const { code, stdout, stderr } = await runNode([BIN, 'task', 'show', 'zzzzzz'], {
      cwd: folder,
      env: { GLOVEBOX_HOME: home },
    });
    expect(code).toBe(2);
    expect(`${stdout}${stderr}`.trim().split('\n')).toEqual([
      expect.stringMatching(/^Refused: task 'zzzzzz' is not in the store/i),
    ]);
  });

  it('names every variable that the bot misses, each with what is expected, and exits with 2', async () => {
    const { code, stdout, stderr } = await glovebox('bot');
    expect([code, stdout]).toEqual([2, '']);
    const names = ['GLOVEBOX_STORE_KEY', 'GITHUB_APP_ID', 'GITHUB_PRIVATE_KEY', 'GITHUB_WEBHOOK_SECRET'];
    const lines = stderr.trim().split('\n');
    expect(lines.map((line) => /Missing (\w+) in the environment: expected /.exec(line)?.[1])).toEqual(names);
  });

  it('ends a gateway that finds out late that it cannot start: one sentence, and exit code 2', async () => {
    writeFileSync(
      join(folder, 'glovebox.config.yml'),
      adminFile({ isolation: 'bubblewrap', template: 'node-24', model: 'claude-sonnet-4-6' }),
    );
    const { code, stderr } = await runNode([BIN, 'gateway'], {
      cwd: folder,
      env: {
        GLOVEBOX_HOME: join(folder, 'home'),
        GLOVEBOX_STORE_KEY: '0'.repeat(64),
        GLOVEBOX_LOG_LEVEL: 'silent',
        ANTHROPIC_API_KEY: 'sk-ant-of-the-test-0123456789',
        GITHUB_GIT_URL: 'http://git.example.com',
      },
    });
    expect([code, stderr.trim()]).toEqual([
      2,
      expect.stringMatching(/^Refused: Invalid git server 'http:\/\/git\.example\.com'/),
    ]);
  });
});

describe('glovebox validate', () => {
  const write = (text: string): void => {
    mkdirSync(join(folder, '.github'), { recursive: true });
    writeFileSync(join(folder, '.github/glovebox.yml'), text);
  };

  it('exits with 0 for a file without errors', async () => {
    write(readFileSync(join(ROOT, 'demo/sample/.github/glovebox.yml'), 'utf8'));
    expect((await glovebox('validate')).code).toBe(0);
  });

  it('prints each error with file, line, what was expected by whom, and exits with 1', async () => {
    write('template: node-24\nbudget:\n  perTask: -3\ncheck: []\n');
    writeFileSync(
      join(folder, 'glovebox.config.yml'),
      readFileSync(join(ROOT, 'glovebox.config.example.yml'), 'utf8'),
    );
    expect(await glovebox('validate')).toEqual({
      code: 1,
      stdout: [
        ".github/glovebox.yml:3  Invalid budget '-3' at budget.perTask: expected 0.01 to",
        '  5.00 US dollars (glovebox.config.yml). Write a number in this range.',
        ".github/glovebox.yml:4  Unknown key 'check': did you mean 'checks'?",
        '2 errors in 1 file\n',
      ].join('\n'),
      stderr: '',
    });
  });

  it('names a folder as one, says which file is meant, and exits with 2', async () => {
    const { code, stderr } = await glovebox('validate', '.');
    expect([code, stderr]).toEqual([
      2,
      "Refused: '.' is a folder: expected a configuration file. Name it, e.g. .github/glovebox.yml.\n",
    ]);
  });

  it('exits with 2 where there is no file', async () => {
    const { code, stderr } = await glovebox('validate', 'nowhere.yml');
    expect([code, stderr]).toEqual([
      2,
      "Refused: There is no file 'nowhere.yml': expected a configuration file. Name one that is there.\n",
    ]);
  });
});
