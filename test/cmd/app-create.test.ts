import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppCreateArgs } from '../../src/cmd/app-create.ts';
import { readBotEnv } from '../../src/config/env.ts';
import { type FakeManifestGithub, startFakeManifestGithub } from '../fakes/fake-manifest-github.ts';
import { type AppCreateRun, startAppCreate, visit } from '../fixtures/app-create-run.ts';

let github: FakeManifestGithub;
let folder: string;
let envFile: string;
let open: AppCreateRun | null = null;

beforeEach(async () => {
  github = await startFakeManifestGithub();
  folder = mkdtempSync('/tmp/glovebox-app-');
  envFile = join(folder, 'glovebox.env');
});
afterEach(async () => {
  if (open) await finish(open);
  open = null;
  await github.close();
  rmSync(folder, { recursive: true });
});

/** Ends a run that still waits: GitHub says that the code is spent. */
async function finish(run: AppCreateRun): Promise<void> {
  await run.callback({ code: 'spent', state: (await run.form()).state }).catch(() => null);
  await run.ended;
}

async function start(args: Partial<AppCreateArgs> = {}): Promise<AppCreateRun> {
  const given = {
    org: 'octo-org',
    url: 'https://glovebox.example.com/',
    github: github.url,
    output: envFile,
    ...args,
  };
  open = await startAppCreate(given);
  return open;
}

/** Starts, and ends well: the person has agreed on GitHub's page. */
async function create() {
  const run = await start();
  const start0 = await run.page();
  const { state } = await run.form();
  const made = github.issue('good-code');
  const done = await run.callback({ code: 'good-code', state });
  const exit = await run.ended;
  open = null;
  return { run, start: start0, done, made, exit, printed: run.printed() };
}

describe('the first page', () => {
  it('posts the manifest to the organisation on GitHub, with a state of 256 random bits', async () => {
    const run = await start();
    const { action, manifest, state } = await run.form();
    expect(`${action.origin}${action.pathname}`).toBe(
      `${github.url}/organizations/octo-org/settings/apps/new`,
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
    const { text, headers } = await (await start()).page();
    expect(text).not.toMatch(/<script|<img|<link|<iframe|url\(|@import/);
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action http:\/\/127\.0\.0\.1:\d+; base-uri 'none'; frame-ancestors 'none'$/,
    );
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['referrer-policy']).toBe('strict-origin');
  });

  it('is at an unguessable path, not at the root', async () => {
    const run = await start();
    expect((await visit(`${run.origin}/`)).status).toBe(404);
    expect((await visit(`${run.startUrl}x`)).status).toBe(404);
  });

  it('is served on 127.0.0.1 and on no other address', async () => {
    const run = await start();
    const { host } = new URL(run.origin);
    await expect(visit(run.startUrl.replace('127.0.0.1', '127.0.0.2'), host)).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });

  it('is not given to a page that rebinds a name to this machine; counter-test: it is to our own address', async () => {
    const run = await start();
    const { state } = await run.form();
    const rebound = await visit(run.startUrl, `evil.example:${new URL(run.origin).port}`);
    expect(rebound.status).toBe(404);
    expect(rebound.text).not.toContain(state);
    expect((await visit(run.startUrl, new URL(run.origin).host)).text).toContain(state);
  });
});

describe('a good callback', () => {
  it('writes what the bot needs, as the bot, a shell and node --env-file read it', async () => {
    const { exit, made } = await create();
    expect(exit).toBe(0);
    const parsed = parseEnv(readFileSync(envFile, 'utf8'));
    expect(readBotEnv(parsed)).toMatchObject({
      appId: 4_242,
      privateKey: made.pem,
      webhookSecret: made.webhook_secret,
      githubApiUrl: `${github.url}/api/v3`,
    });
    expect(parsed['GLOVEBOX_STORE_KEY']).toMatch(/^[0-9a-f]{64}$/);
    const shell = execFileSync('sh', ['-c', 'set -a; . "$1"; exec env -0', 'sh', envFile], {
      encoding: 'utf8',
    });
    const variables = Object.fromEntries(shell.split('\0').map((line) => line.split(/=(.*)/s).slice(0, 2)));
    expect(readBotEnv(variables)).toMatchObject({ appId: 4_242, privateKey: made.pem });
  });

  it('makes the file for its owner alone', async () => {
    await create();
    expect(statSync(envFile).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['glovebox.env']);
  });

  it('shows no secret in terminal and pages; counter-test: the same look finds them in the file', async () => {
    const { start: first, done, printed, made } = await create();
    const file = readFileSync(envFile, 'utf8');
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
    const { done, printed } = await create();
    const installation = `${github.url}/organizations/octo-org/settings/apps/glovebox-octo-org/installations`;
    expect(done.status).toBe(200);
    expect(done.text).toContain(`href="${installation}"`);
    expect(printed).toContain(installation);
    expect(printed).toContain(envFile);
  });
});

describe('a callback that is not ours', () => {
  it.each([
    ['no state', {}],
    ['a guessed state', { state: 'A'.repeat(43) }],
    ['an empty state', { state: '' }],
  ])(
    "a stranger's App with %s is refused; counter-test: with the state the same code is taken",
    async (_, given) => {
      const run = await start();
      github.issue('of-a-stranger', { id: 666 });
      const answer = await run.callback({ code: 'of-a-stranger', ...given });
      expect(answer.status).toBe(403);
      expect(github.calls).toEqual([]);
      expect(existsSync(envFile)).toBe(false);

      const taken = await run.callback({ code: 'of-a-stranger', state: (await run.form()).state });
      expect(taken.status).toBe(200);
      await run.ended;
      open = null;
      expect(readFileSync(envFile, 'utf8')).toContain('GITHUB_APP_ID=666');
    },
  );

  it('the state of another run is refused', async () => {
    const other = await start();
    const { state } = await other.form();
    await finish(other);
    const run = await start();
    expect((await run.callback({ code: 'good-code', state })).status).toBe(403);
  });

  it.each(['', '../../user', 'a/b', 'x'.repeat(201)])('the code %j never reaches GitHub', async (code) => {
    const run = await start();
    expect((await run.callback({ code, state: (await run.form()).state })).status).toBe(400);
    expect(github.calls).toEqual([]);
  });

  it('a second callback while the first is exchanged is refused, and the first goes on', async () => {
    const run = await start();
    const { state } = await run.form();
    github.issue('good-code');
    const release = github.hold();
    const first = run.callback({ code: 'good-code', state });
    await expect.poll(() => github.calls).toEqual(['good-code']);
    expect((await run.callback({ code: 'good-code', state })).status).toBe(409);
    release();
    expect((await first).status).toBe(200);
    expect(await run.ended).toBe(0);
    open = null;
    expect(github.calls).toEqual(['good-code']);
  });

  it('after the end nobody listens', async () => {
    const { run } = await create();
    await expect(run.callback({ code: 'good-code', state: 'x' })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });
});

describe('when GitHub does not play along', () => {
  it('an expired code ends it with where to look', async () => {
    const run = await start();
    const answer = await run.callback({ code: 'expired', state: (await run.form()).state });
    expect(answer.status).toBe(500);
    expect(answer.text).toContain(`${github.url}/organizations/octo-org/settings/apps`);
    expect(await run.ended).toMatchObject({ code: 'manifest-code-expired', retry: false });
    open = null;
    expect(existsSync(envFile)).toBe(false);
  });

  it.each([500, 503, 429])('%i leaves the code good: reloading the page succeeds', async (status) => {
    const run = await start();
    const { state } = await run.form();
    github.issue('good-code');
    github.failNext(status);
    const failed = await run.callback({ code: 'good-code', state });
    expect([failed.status, run.printed().includes('Reload the page')]).toEqual([502, true]);
    expect((await run.callback({ code: 'good-code', state })).status).toBe(200);
    expect(await run.ended).toBe(0);
    open = null;
  });

  it.each([
    ['no webhook secret', { webhook_secret: null }],
    ['a secret that a shell would run', { webhook_secret: '$(touch /tmp/x)aaaaaaaaaaaaa' }],
    [
      'a key that a shell would run',
      { pem: '-----BEGIN PRIVATE KEY-----\n$(id)\n-----END PRIVATE KEY-----\n' },
    ],
    ['a slug with a line break', { slug: 'a\nb' }],
    ['no id', { id: 'x' }],
  ])('an answer with %s is not written', async (_, app) => {
    const run = await start();
    github.issue('odd', app);
    await run.callback({ code: 'odd', state: (await run.form()).state });
    expect(await run.ended).toMatchObject({ code: 'manifest-answer-invalid' });
    open = null;
    expect(existsSync(envFile)).toBe(false);
  });
});

describe('the environment file', () => {
  it('that exists is never overwritten: refused before anything is created', async () => {
    writeFileSync(envFile, 'mine');
    await expect(start()).rejects.toMatchObject({
      code: 'env-file-exists',
      message: expect.stringContaining('never overwritten'),
    });
    expect(readFileSync(envFile, 'utf8')).toBe('mine');
  });

  it('that is a link to nowhere is refused', async () => {
    symlinkSync(join(folder, 'elsewhere'), envFile);
    await expect(start()).rejects.toMatchObject({ code: 'env-file-exists' });
  });

  it('in a folder that is not there is refused', async () => {
    await expect(start({ output: join(folder, 'no', 'glovebox.env') })).rejects.toMatchObject({
      code: 'env-file-folder',
    });
  });

  it.each([
    ['a file', () => writeFileSync(envFile, 'mine')],
    ['a link', () => symlinkSync(join(folder, 'elsewhere'), envFile)],
  ])('%s that came while GitHub was asked stays, and the error says how to go on', async (_, appear) => {
    const run = await start();
    const { state } = await run.form();
    const made = github.issue('good-code');
    appear();
    const answer = await run.callback({ code: 'good-code', state });
    const error = await run.ended;
    open = null;
    expect(error).toMatchObject({
      code: 'env-file-not-written',
      message: expect.stringMatching(
        /new private key and a new webhook secret at http.*\/glovebox-octo-org /,
      ),
    });
    expect(answer.text).toContain('new private key');
    expect(`${answer.text}${error}`).not.toContain(made.webhook_secret);
    expect(existsSync(join(folder, 'elsewhere'))).toBe(false);
    expect(readdirSync(folder)).toEqual(['glovebox.env']);
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
    ['github', 'http://github.com'],
    ['github', 'https://github.example.com/api/v3'],
    ['org', '../settings'],
    ['org', 'octo org'],
    ['org', ''],
  ])('refuses --%s %j', async (option, value) => {
    const refusal = start({ [option]: value });
    await expect(refusal).rejects.toMatchObject({ code: `${option}-invalid` });
    await expect(refusal).rejects.not.toThrow('hunter2');
  });

  it('takes http on this machine', async () => {
    const { manifest } = await (await start({ url: 'http://localhost:3000' })).form();
    expect(manifest['hook_attributes']).toMatchObject({ url: 'http://localhost:3000/api/github/webhooks' });
  });

  it.each([-1, 65_536, Number.NaN])('refuses port %s', async (port) => {
    await expect(start({ port })).rejects.toMatchObject({ code: 'port-invalid' });
  });

  it('says when the port is taken', async () => {
    const other = createServer();
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const address = other.address();
    try {
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      await expect(start({ port })).rejects.toMatchObject({ code: 'port-taken' });
    } finally {
      other.close();
    }
  });

  it('plays the whole flow as a process, and exits 0', async () => {
    const glovebox = fileURLToPath(new URL('../../src/cmd/glovebox.ts', import.meta.url));
    const words = ['--org', 'octo-org', '--url', 'https://glovebox.example.com', '--github', github.url];
    const child = spawn(process.execPath, [glovebox, 'app', 'create', ...words, '--output', envFile]);
    const exit = once(child, 'exit');
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    try {
      await expect.poll(() => printed, { timeout: 20_000 }).toMatch(/^ {2}http:\S+$/m);
      const start = /^ {2}(http:\S+)$/m.exec(printed)?.[1] ?? '';
      const state = /state=([\w-]{43})/.exec((await visit(start)).text)?.[1] ?? '';
      github.issue('good-code');
      await visit(`${new URL(start).origin}/callback?code=good-code&state=${state}`);
      expect(await exit).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
    }
    expect(readFileSync(envFile, 'utf8')).toContain('GITHUB_APP_ID=4242');
  });
});
