/** The environment file: for its owner alone, never over something that is there, and no command in it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readTarget } from '../../../src/cmd/app/app-target.ts';
import { envFileText } from '../../../src/cmd/app/env-file.ts';
import { systemRandom } from '../../../src/shared/ids.ts';
import { type AppCreateWorld, openAppCreateWorld } from '../../fixtures/app-create-world.ts';

let world: AppCreateWorld;
beforeEach(async () => {
  world = await openAppCreateWorld();
});
afterEach(() => world.close());

describe('the environment file', () => {
  it('makes the file for its owner alone', async () => {
    await world.create();
    expect(statSync(world.envFile).mode & 0o777).toBe(0o600);
    expect(isReadByOthers(world.envFile)).toBe(false);
    expect(readdirSync(world.folder)).toEqual(['glovebox.env']);
  });

  it('that exists is never overwritten: refused before anything is created', async () => {
    writeFileSync(world.envFile, 'mine');
    await expect(world.start()).rejects.toMatchObject({
      code: 'env-file-exists',
      message: expect.stringContaining('never overwritten'),
    });
    expect(readFileSync(world.envFile, 'utf8')).toBe('mine');
  });

  it('that is a link to nowhere is refused', async () => {
    symlinkSync(join(world.folder, 'elsewhere'), world.envFile);
    await expect(world.start()).rejects.toMatchObject({ code: 'env-file-exists' });
  });

  it('in a folder that is not there is refused', async () => {
    await expect(world.start({ output: join(world.folder, 'no', 'glovebox.env') })).rejects.toMatchObject({
      code: 'env-file-folder',
    });
  });

  it.each([
    ['a file', () => writeFileSync(world.envFile, 'mine')],
    ['a link', () => symlinkSync(join(world.folder, 'elsewhere'), world.envFile)],
  ])('%s that came while GitHub was asked stays, and the error says how to go on', async (_, appear) => {
    const run = await world.start();
    const { state } = await run.form();
    const made = world.github.issue('good-code');
    appear();
    const answer = await run.callback({ code: 'good-code', state });
    const error = await run.ended;
    expect(error).toMatchObject({
      code: 'env-file-not-written',
      message: expect.stringMatching(
        /new private key and a new webhook secret at http.*\/glovebox-octo-org /,
      ),
    });
    expect(answer.text).toContain('new private key');
    expect(`${answer.text}${error}`).not.toContain(made.webhook_secret);
    expect(existsSync(join(world.folder, 'elsewhere'))).toBe(false);
    expect(readdirSync(world.folder)).toEqual(['glovebox.env']);
  });
});

describe('a file that a shell writes as it writes any (counter-tests)', () => {
  it('is read by others', () => {
    writePlainly('theirs');
    expect(isReadByOthers(world.envFile)).toBe(true);
  });

  it('replaces one that is there', () => {
    writeFileSync(world.envFile, 'mine');
    writePlainly('theirs');
    expect(readFileSync(world.envFile, 'utf8')).toBe('theirs');
  });

  it('goes through a link to elsewhere', () => {
    symlinkSync(join(world.folder, 'elsewhere'), world.envFile);
    writePlainly('theirs');
    expect(readFileSync(join(world.folder, 'elsewhere'), 'utf8')).toBe('theirs');
  });

  function writePlainly(input: string): void {
    execFileSync('sh', ['-c', 'umask 022; cat >"$1"', 'sh', world.envFile], { input });
  }
});

describe('an answer that a shell would run', () => {
  it.each([
    ['no webhook secret', { webhook_secret: null }],
    ['a secret that a shell would run', hostile('/tmp/x').secret],
    ['a key that a shell would run', hostile('/tmp/x').key],
    ['a slug with a line break', { slug: 'a\nb' }],
    ['no id', { id: 'x' }],
  ])('an answer with %s is not written', async (_, app) => {
    const run = await world.start();
    world.github.issue('odd', app);
    await run.callback({ code: 'odd', state: (await run.form()).state });
    const message = expect.stringContaining(`(${Object.keys(app).join()})`);
    expect(await run.ended).toMatchObject({ code: 'manifest-answer-invalid', message });
    expect(existsSync(world.envFile)).toBe(false);
  });

  it.each(['secret', 'key'] as const)(
    'counter-test: a %s that is written as it came runs when the file is read',
    (which) => {
      const marker = join(world.folder, 'ran');
      const { webhook_secret, pem } = { webhook_secret: 'f00d', pem: '', ...hostile(marker)[which] };
      const target = readTarget({ org: 'octo-org', url: 'https://glovebox.example.com' });
      const app = { id: 1, slug: 'a', privateKey: pem, webhookSecret: webhook_secret };
      writeFileSync(world.envFile, envFileText(target, app, systemRandom));
      expect(existsSync(marker)).toBe(false);
      execFileSync('sh', ['-c', '. "$1"', 'sh', world.envFile]);
      expect(existsSync(marker)).toBe(true);
    },
  );
});

/** Fields of an answer that make a file when a shell reads them. */
function hostile(marker: string) {
  const command = `$(touch ${marker})`;
  const pem = `-----BEGIN PRIVATE KEY-----\n${command}\n-----END PRIVATE KEY-----\n`;
  return {
    secret: { webhook_secret: `${command}aaaaaaaaaaaaa` },
    key: { pem },
  };
}

/** As root another user tries it; else the mode tells. */
function isReadByOthers(path: string): boolean {
  if (process.getuid?.() !== 0) return (statSync(path).mode & 0o004) !== 0;
  return spawnSync('cat', [path], { uid: 65_534, gid: 65_534 }).status === 0;
}
