import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readBotEnv } from '../../src/config/env.ts';
import { stateForNeighbour, visit } from '../fixtures/app-create-run.ts';
import { type AppCreateWorld, openAppCreateWorld } from '../fixtures/app-create-world.ts';

let world: AppCreateWorld;
beforeEach(async () => {
  world = await openAppCreateWorld();
});
afterEach(() => world.close());

describe('the first page', () => {
  it('posts the manifest to the organisation on GitHub, with a state of 256 random bits', async () => {
    const run = await world.start();
    const { action, manifest, state } = await run.form();
    expect(`${action.origin}${action.pathname}`).toBe(
      `${world.github.url}/organizations/octo-org/settings/apps/new`,
    );
    expect(state).toMatch(/^[\w-]{43}$/);
    expect(manifest).toEqual({
      name: 'Glovebox octo-org',
      url: 'https://glovebox.example.com',
      description: expect.any(String),
      hook_attributes: { url: 'https://glovebox.example.com/api/github/webhooks', active: true },
      redirect_url: `${run.origin}/callback`,
      public: false,
      default_permissions: {
        metadata: 'read',
        contents: 'write',
        issues: 'write',
        pull_requests: 'write',
        checks: 'write',
      },
      default_events: ['issues'],
    });
  });

  it('loads and runs nothing, and may post to this GitHub only', async () => {
    const { text, headers } = await (await world.start()).page();
    expect(text).not.toMatch(/<script|<img|<link|<iframe|url\(|@import/);
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action http:\/\/127\.0\.0\.1:\d+; base-uri 'none'; frame-ancestors 'none'$/,
    );
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['referrer-policy']).toBe('strict-origin');
  });

  it('is at an unguessable path, not at the root', async () => {
    const run = await world.start();
    expect((await visit(`${run.origin}/`)).status).toBe(404);
    expect((await visit(`${run.startUrl}x`)).status).toBe(404);
    expect(await stateForNeighbour(run.origin)).toBeNull();
  });

  it('is served on 127.0.0.1 and on no other address', async () => {
    const run = await world.start();
    const { host } = new URL(run.origin);
    await expect(visit(run.startUrl.replace('127.0.0.1', '127.0.0.2'), host)).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });

  it('is not given to a page that rebinds a name to this machine; counter-test: it is to our own address', async () => {
    const run = await world.start();
    const { state } = await run.form();
    const rebound = await visit(run.startUrl, `evil.example:${new URL(run.origin).port}`);
    expect(rebound.status).toBe(404);
    expect(rebound.text).not.toContain(state);
    expect((await visit(run.startUrl, new URL(run.origin).host)).text).toContain(state);
  });
});

describe('a good callback', () => {
  it('writes what the bot needs, as the bot, a shell and node --env-file read it', async () => {
    const { exit, made } = await world.create();
    expect(exit).toBe(0);
    const parsed = parseEnv(readFileSync(world.envFile, 'utf8'));
    expect(readBotEnv(parsed)).toMatchObject({
      appId: 4_242,
      privateKey: made.pem,
      webhookSecret: made.webhook_secret,
      githubApiUrl: `${world.github.url}/api/v3`,
    });
    expect(parsed['GLOVEBOX_STORE_KEY']).toMatch(/^[0-9a-f]{64}$/);
    const shell = execFileSync('sh', ['-c', 'set -a; . "$1"; exec env -0', 'sh', world.envFile], {
      encoding: 'utf8',
    });
    const variables = Object.fromEntries(shell.split('\0').map((line) => line.split(/=(.*)/s).slice(0, 2)));
    expect(readBotEnv(variables)).toMatchObject({ appId: 4_242, privateKey: made.pem });
  });

  it('shows no secret in terminal and pages; counter-test: the same look finds them in the file', async () => {
    const { start: first, done, printed, made } = await world.create();
    const file = readFileSync(world.envFile, 'utf8');
    const storeKey = parseEnv(file)['GLOVEBOX_STORE_KEY'] ?? 'none';
    const said = `${first.text}${done.text}${printed}${JSON.stringify([first.headers, done.headers])}`;
    const keyLines = made.pem.split('\n').filter((line) => line !== '');
    expect(keyLines.length).toBeGreaterThan(10);
    for (const secret of [made.webhook_secret, made.client_secret, storeKey, ...keyLines, 'good-code']) {
      expect(said).not.toContain(secret);
    }
    for (const secret of [made.webhook_secret, storeKey, ...keyLines]) expect(file).toContain(secret);
    expect(file).not.toContain(made.client_secret);
  });

  it('leads on to the installation, on the page and in the terminal', async () => {
    const { done, printed } = await world.create();
    const installation = `${world.github.url}/organizations/octo-org/settings/apps/glovebox-octo-org/installations`;
    expect(done.status).toBe(200);
    expect(done.text).toContain(`href="${installation}"`);
    expect(printed).toContain(installation);
    expect(printed).toContain(world.envFile);
  });
});

describe('the command line', () => {
  it.each([
    ['url', 'http://glovebox.example.com'],
    ['url', 'ftp://glovebox.example.com'],
    ['url', 'glovebox.example.com'],
    ['url', 'https://octocat:hunter2@glovebox.example.com'],
    ['url', 'https://glovebox.example.com/?x=1'],
    ['url', 'http://127.0.0.1.example.com'],
    ['url', ''],
    ['github', 'http://world.github.com'],
    ['github', 'https://world.github.example.com/api/v3'],
    ['org', '../settings'],
    ['org', 'octo org'],
    ['org', ''],
  ])('refuses --%s %j', async (option, value) => {
    const refusal = world.start({ [option]: value });
    await expect(refusal).rejects.toMatchObject({ code: `${option}-invalid` });
    await expect(refusal).rejects.not.toThrow('hunter2');
  });

  it('takes http on this machine', async () => {
    const { manifest } = await (await world.start({ url: 'http://localhost:3000' })).form();
    expect(manifest['hook_attributes']).toMatchObject({ url: 'http://localhost:3000/api/github/webhooks' });
  });

  it.each([-1, 65_536, Number.NaN])('refuses port %s', async (port) => {
    await expect(world.start({ port })).rejects.toMatchObject({ code: 'port-invalid' });
  });

  it('says when the port is taken', async () => {
    const other = createServer();
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const address = other.address();
    try {
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      await expect(world.start({ port })).rejects.toMatchObject({ code: 'port-taken' });
    } finally {
      other.close();
    }
  });

  it('plays the whole flow as a process, and exits 0', async () => {
    const glovebox = fileURLToPath(new URL('../../src/cmd/glovebox.ts', import.meta.url));
    const words = [
      '--org',
      'octo-org',
      '--url',
      'https://glovebox.example.com',
      '--github',
      world.github.url,
    ];
    const child = spawn(process.execPath, [glovebox, 'app', 'create', ...words, '--output', world.envFile]);
    const exit = once(child, 'exit');
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    try {
      await expect.poll(() => printed, { timeout: 20_000 }).toMatch(/^ {2}http:\S+$/m);
      const start = /^ {2}(http:\S+)$/m.exec(printed)?.[1] ?? '';
      const state = /state=([\w-]{43})/.exec((await visit(start)).text)?.[1] ?? '';
      world.github.issue('good-code');
      await visit(`${new URL(start).origin}/callback?code=good-code&state=${state}`);
      expect(await exit).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
    }
    expect(readFileSync(world.envFile, 'utf8')).toContain('GITHUB_APP_ID=4242');
  });
});
