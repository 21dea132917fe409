/** What the doctor may ask from where it runs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Place } from '../../../src/cmd/doctor/place.ts';
import { readHere } from '../../../src/cmd/doctor/place.ts';
import { readAppEnv } from '../../../src/config/env.ts';
import { runNode } from '../../fixtures/run-process.ts';

describe('a variable that is missing', () => {
  it.each<{ place: Place; state: string; fix: string }>([
    { place: 'machine', state: 'fails', fix: "give this command the bot's environment" },
    { place: 'pod', state: 'warns', fix: 'kubectl exec -n boxes deploy/bot -- glovebox doctor' },
    { place: 'operator', state: 'warns', fix: 'kubectl exec -n boxes deploy/bot -- glovebox doctor' },
  ])('$state on a $place', ({ place, state, fix }) => {
    const said = readHere({ place, namespace: 'boxes' }, 'bot', () => readAppEnv({}));
    expect(said).toMatchObject({ state, fix, text: expect.stringContaining('Missing GITHUB_APP_ID') });
  });
});

describe('glovebox doctor as a process', () => {
  const DOCTOR = ['src/cmd/glovebox.ts', 'doctor'];
  const env = { GLOVEBOX_HOME: '/nonexistent', ANTHROPIC_BASE_URL: 'http://127.0.0.1:1' };

  it('exits with 1 where something fails, with every check in the table', async () => {
    const { code, stdout, stderr } = await runNode(DOCTOR, { env });
    expect([code, stderr]).toEqual([1, '']);
    const names = ['database', 'GitHub App', 'model', 'admin file', 'clock'];
    for (const name of names) expect(stdout).toMatch(new RegExp(`^(ok|FAILS|WARNS) +${name} `, 'm'));
    expect(stdout).toMatch(/\n5 checks: 0 ok, 3 fail, 2 warn\n$/);
  });

  it('prints the same as data', async () => {
    const { code, stdout } = await runNode([...DOCTOR, '--json'], { env });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ ok: 0, fails: 3, warns: 2 });
  });

  it('says of each check that a cluster does not answer, in seconds, and exits with 1', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'glovebox-doctor-'));
    const cluster = { name: 'away', cluster: { server: 'https://127.0.0.1:1' } };
    const context = { name: 'away', context: { cluster: 'away', user: 'octocat' } };
    const users = [{ name: 'octocat', user: { token: 'of-nobody' } }];
    const config = { 'current-context': 'away', clusters: [cluster], contexts: [context], users };
    writeFileSync(join(folder, 'config'), JSON.stringify(config));
    try {
      const kubeconfig = { KUBECONFIG: join(folder, 'config') };
      const { code, stdout } = await runNode([...DOCTOR, '--kubernetes'], { env: { ...env, ...kubeconfig } });
      expect(code).toBe(1);
      for (const name of [
        'API server',
        'namespaces',
        'RBAC',
        'admission',
        'quota',
        'fence',
        'images',
        'identity',
      ]) {
        expect(stdout).toMatch(new RegExp(`^FAILS {2}${name} `, 'm'));
      }
      expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
        'The API server at 127.0.0.1:1 does not answer: fetch failed',
      );
      expect(stdout).not.toMatch(/^ok /m);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('refuses an environment that it cannot read, with 2', async () => {
    const { code, stderr } = await runNode(DOCTOR, { env: { ...env, GLOVEBOX_SANDBOX: 'cloud' } });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^Refused: Invalid GLOVEBOX_SANDBOX 'cloud'/);
  });
});
