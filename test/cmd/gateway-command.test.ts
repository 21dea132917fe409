/** `glovebox gateway` as people start it: what it refuses with one sentence, and a gateway that stands alone from start to end. */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { say } from '../../demo/model/script.ts';
import { type ScriptedModel, startScriptedModel } from '../../demo/model/scripted-model.ts';
import { type Ended, ROOT, type Running, runNode, startNode } from '../fixtures/run-process.ts';

const BIN = join(ROOT, 'bin/glovebox.mjs');
const KEY = 'sk-ant-api03-the-key-of-this-suite-0123456789';
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'glovebox-gateway-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** `npx glovebox …` in an empty folder. */
function glovebox(...args: readonly string[]): Promise<Ended> {
  return runNode([BIN, ...args], { cwd: folder });
}

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
