/** The environment file: for its owner alone, never over something that is there, and no command in it. */
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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
