/** What every test and the demo rely on: the emulated GitHub holds GitHub's rules about who may ask, and about git over HTTP. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { baseSha, commit, REPO } from '../fixtures/clock-on-host.ts';
import { type Answer, appJwt, ask, mint } from '../github-host/app-client.ts';
import { type GithubHost, startGithubHost } from '../github-host/github-host.ts';
import { newAppKey, PEOPLE, type SeedFile } from '../github-host/seed.ts';

const run = promisify(execFile);
const FILES: SeedFile[] = [
  { path: 'README.md', content: '# clock\n' },
  { path: 'bin/clock', content: '#!/bin/sh\n', mode: '100755' },
  { path: 'CLAUDE.md', content: 'README.md', mode: '120000' },
  { path: 'bytes.bin', content: Uint8Array.from([0, 255, 10, 13, 128]) },
  { path: '.github/workflows/ci.yml', content: 'on: push\n' },
];

let host: GithubHost;
let token: string;
let folder: string;

beforeEach(async () => {
  host = await startGithubHost({
    repositories: [
      { name: 'clock', files: FILES },
      { name: 'secret', files: [{ path: 'a', content: 'b' }], private: true },
    ],
  });
  token = await mint(host);
  folder = mkdtempSync(join(tmpdir(), 'host-clone-'));
});

afterEach(async () => {
  await host.close();
  rmSync(folder, { recursive: true, force: true });
});

const api = (route: string, body?: unknown): Promise<Answer> => ask(host, route, { token, body });

describe('who may ask', () => {
  it('takes the App by its own key only', async () => {
    expect((await ask(host, 'GET /app', { token: appJwt(host) })).status).toBe(200);
    expect((await ask(host, 'GET /app', { token: appJwt(host, { key: newAppKey() }) })).status).toBe(401);
    expect((await ask(host, 'GET /app', { token: appJwt(host, { iss: 1 }) })).status).toBe(401);
  });

  it('refuses a token that it never gave', async () => {
    const answer = await ask(host, `GET ${REPO}`, { token: 'ghp_nobody' });
    expect(answer).toMatchObject({ status: 401, data: { message: 'Bad credentials' } });
  });

  it('refuses a token once it was revoked', async () => {
    expect((await api('DELETE /installation/token')).status).toBe(204);
    expect((await api(`GET ${REPO}`)).status).toBe(401);
  });

  it('refuses a token whose hour is over', async () => {
    host.state.tokenExpiries.set(token, Date.now() - 1);
    expect((await api(`GET ${REPO}`)).status).toBe(401);
  });

  it('refuses everything while the installation is suspended', async () => {
    host.suspend(true);
    expect((await api(`GET ${REPO}`)).status).toBe(403);
    host.suspend(false);
    expect((await api(`GET ${REPO}`)).status).toBe(200);
  });

  it('keeps a token inside the repositories and permissions that it was minted for', async () => {
    const narrow = await mint(host, {
      repository_ids: [host.repositoryId('clock')],
      permissions: { contents: 'read' },
    });
    expect((await ask(host, `GET ${REPO}`, { token: narrow })).status).toBe(200);
    expect((await ask(host, 'GET /repos/octo-org/secret', { token: narrow })).status).not.toBe(200);
    const comment = { token: narrow, body: { ref: 'refs/heads/x', sha: await baseSha(api) } };
    expect((await ask(host, `POST ${REPO}/git/refs`, comment)).status).toBe(403);
    const route = `POST /app/installations/${host.app.installationId}/access_tokens`;
    const wide = { token: appJwt(host), body: { permissions: { workflows: 'write' } } };
    expect((await ask(host, route, wide)).status).toBe(422);
  });

  it.each([
    ['admin', 'admin', 'admin'],
    ['writer', 'write', 'write'],
    ['triage', 'read', 'triage'],
    ['outsider', 'read', 'read'],
  ] as const)('answers %s with permission %s and role %s', async (person, permission, role) => {
    const answer = await api(`GET ${REPO}/collaborators/${PEOPLE[person].login}/permission`);
    const user = host.state.store.users.findOneBy('login', PEOPLE[person].login);
    expect(answer.data).toMatchObject({ permission, role_name: role, user: { id: user?.id } });
  });

  it('answers an outsider of a private repository with none', async () => {
    const answer = await api('GET /repos/octo-org/secret/collaborators/octo-outsider/permission');
    expect(answer.data).toMatchObject({ permission: 'none' });
  });
});

describe('git over HTTP', () => {
  const remote = (name: string, key: string): string =>
    `http://x-access-token:${key}@${new URL(host.url).host}/octo-org/${name}.git`;

  it('serves one commit by its SHA with modes and bytes as they were', async () => {
    const sha = await baseSha(api);
    await run('git', ['init', '-q', folder]);
    await run('git', [
      '-C',
      folder,
      '-c',
      'protocol.version=2',
      'fetch',
      '-q',
      '--depth=1',
      remote('clock', token),
      sha,
    ]);
    await run('git', ['-C', folder, 'checkout', '-q', sha]);
    await run('git', ['-C', folder, 'fsck', '--strict']);
    expect(statSync(join(folder, 'bin/clock')).mode & 0o111).toBe(0o111);
    expect(readlinkSync(join(folder, 'CLAUDE.md'))).toBe('README.md');
    const { stdout } = await run('git', ['-C', folder, 'cat-file', 'blob', 'HEAD:bytes.bin'], {
      encoding: 'buffer',
    });
    expect([...stdout]).toEqual([0, 255, 10, 13, 128]);
  });

  it('serves a commit that the App made through the API, with its executable bit', async () => {
    const { sha } = await commit(api);
    await api(`POST ${REPO}/git/refs`, { ref: 'refs/heads/glovebox/1-a', sha });
    await run('git', [
      'clone',
      '-q',
      '--branch',
      'glovebox/1-a',
      remote('clock', token),
      join(folder, 'clone'),
    ]);
    expect(statSync(join(folder, 'clone/new/file')).mode & 0o111).toBe(0o111);
  });

  it('refuses a private repository without a token that reads it', async () => {
    const narrow = await mint(host, { repository_ids: [host.repositoryId('clock')] });
    const env = { ...process.env, GIT_TERMINAL_PROMPT: '0' };
    await expect(run('git', ['ls-remote', remote('secret', narrow)], { env })).rejects.toThrow();
    await expect(run('git', ['ls-remote', remote('secret', 'ghs_unknown')], { env })).rejects.toThrow();
    expect((await run('git', ['ls-remote', remote('secret', token)])).stdout).toContain('refs/heads/main');
  });

  it('takes no push', async () => {
    await run('git', ['clone', '-q', remote('clock', token), join(folder, 'clone')]);
    await expect(
      run('git', ['-C', join(folder, 'clone'), 'push', '-q', 'origin', 'HEAD:refs/heads/x']),
    ).rejects.toThrow();
  });
});
