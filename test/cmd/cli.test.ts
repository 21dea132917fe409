import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { adminFile } from '../../demo/admin-file.ts';
import { say } from '../../demo/model/script.ts';
import { type ScriptedModel, startScriptedModel } from '../../demo/model/scripted-model.ts';
import { type Ended, ROOT, type Running, runNode, startNode } from '../fixtures/run-process.ts';

const BIN = join(ROOT, 'bin/glovebox.mjs');
const KEY = 'sk-ant-api03-the-key-of-this-suite-0123456789';
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
    mkdirSync(join(home, 'store'), { recursive: true });
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

describe('glovebox gateway, called wrongly', () => {
  const STANDALONE = ['--standalone', '--upstream', 'http://127.0.0.1:1'];
  const ASKED = 'expected a positive number of US dollars, such as 2.50.\n';

  it.each([
    [[...STANDALONE, '--budget', 'abc'], `Invalid --budget 'abc': ${ASKED}`],
    [
      ['--budget', '1'],
      "--budget belongs to --standalone: say both, or see docs/configuration.md for the gateway's variables.\n",
    ],
  ])('refuses %j with one sentence and exits with 2', async (args, sentence) => {
    expect(await glovebox('gateway', ...args)).toEqual({
      code: 2,
      stdout: '',
      stderr: `Refused: ${sentence}`,
    });
  });

  it('names a busy port, leaves no lock of its store behind, and exits with 2', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = z.object({ port: z.int() }).parse(server.address());
      const store = join(folder, 'store');
      const { code, stderr } = await glovebox(
        ...['gateway', ...STANDALONE, '--budget', '1', '--port', `${port}`, '--store', store],
      );
      expect([code, stderr]).toEqual([
        2,
        expect.stringMatching(
          `^Refused: Cannot listen on '127\\.0\\.0\\.1:${port}': it is in use\\. Name another .+\n$`,
        ),
      ]);
      expect(readdirSync(folder)).toEqual(['store']);
    } finally {
      server.close();
    }
  });

  it('names a store that cannot be kept where it is asked for, and exits with 2', async () => {
    writeFileSync(join(folder, 'a-file'), '');
    const { code, stderr } = await glovebox('gateway', ...STANDALONE, '--budget', '1', '--store', 'a-file');
    expect([code, stderr]).toEqual([
      2,
      "Refused: The embedded store in 'a-file' cannot be kept there: it is a file. Name a folder that this user may write to.\n",
    ]);
  });
});

describe('glovebox gateway --standalone', () => {
  let model: ScriptedModel;
  let running: Running | null = null;
  beforeEach(async () => {
    model = await startScriptedModel([say('Hello from the script.')], { apiKey: KEY });
  });
  afterEach(async () => {
    running?.child.kill('SIGKILL');
    running = null;
    await model.close();
  });

  it('exits with 2 and one sentence without upstream and budget', async () => {
    expect(await glovebox('gateway', '--standalone')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'Refused: glovebox gateway --standalone needs --upstream URL and --budget USD; give both.\n',
    });
  });

  it('prints one line with address and token, serves both kinds of clients, and ends with 0 at SIGTERM', async () => {
    running = startNode([BIN, 'gateway', '--standalone', '--upstream', model.url, '--budget', '1'], {
      cwd: folder,
      env: { ANTHROPIC_API_KEY: KEY },
    });
    const { url, token } = z
      .strictObject({ url: z.url(), token: z.string() })
      .parse(JSON.parse(await running.firstLine));
    const messages = [{ role: 'user', content: 'hi' }];
    const body = JSON.stringify({ model: 'claude-haiku-4-5', max_tokens: 1_000, messages });
    const ask = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${url}/v1/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', ...headers },
        body,
      });
    for (const headers of [{ 'x-api-key': token }, { authorization: `Bearer ${token}` }]) {
      const answer = await ask(headers);
      expect(answer.status).toBe(200);
      expect(await answer.text()).toContain('Hello from the script.');
    }
    expect((await ask({ 'x-api-key': KEY })).status).toBe(401);
    expect(model.requests).toHaveLength(2);
    running.child.kill('SIGTERM');
    const { code, stdout } = await running.ended;
    expect([code, stdout.split('\n').length]).toEqual([0, 2]);
    await expect(fetch(url)).rejects.toThrow();
  });
});

describe('build/require-node.mjs', () => {
  const asVersion = (version: string): Promise<Ended> => {
    const file = join(folder, 'version.mjs');
    const versions = `{ ...process.versions, node: '${version}' }`;
    writeFileSync(file, `Object.defineProperty(process, 'versions', { value: ${versions} });\n`);
    return runNode(['--import', file, 'build/require-node.mjs']);
  };

  it.each(['22.21.0', '20.20.2', '8.9.4'])('stops Node %s with one sentence', async (version) => {
    const { code, stderr } = await asVersion(version);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      new RegExp(`^Refused: Node ${version} is running, 24 or newer is needed; .*then run again\\.\\n$`),
    );
  });

  it.each(['24.0.0', '100.1.0'])('lets Node %s go on', async (version) => {
    expect(await asVersion(version)).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});
