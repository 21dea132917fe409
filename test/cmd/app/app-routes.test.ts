/** The callback as a door: what is not ours, what comes twice, and what GitHub does not answer. */
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, type AppCreateRun, stateForNeighbour } from '../../fixtures/app-create-run.ts';
import { type AppCreateWorld, openAppCreateWorld } from '../../fixtures/app-create-world.ts';
import { serveAppRoutes } from '../../fixtures/app-routes-server.ts';

let world: AppCreateWorld;
beforeEach(async () => {
  world = await openAppCreateWorld();
});
afterEach(() => world.close());

describe('a callback that is not ours', () => {
  it.each([
    ['no state', {}],
    ['a guessed state', { state: 'A'.repeat(43) }],
    ['an empty state', { state: '' }],
  ])(
    "a stranger's App with %s is refused; counter-test: with the state the same code is taken",
    async (_, given) => {
      const run = await world.start();
      world.github.issue('of-a-stranger', { id: 666 });
      const answer = await run.callback({ code: 'of-a-stranger', ...given });
      expect(answer.status).toBe(403);
      expect(world.github.calls).toEqual([]);
      expect(existsSync(world.envFile)).toBe(false);

      const taken = await run.callback({ code: 'of-a-stranger', state: (await run.form()).state });
      expect(taken.status).toBe(200);
      await run.ended;
      expect(readFileSync(world.envFile, 'utf8')).toContain('GITHUB_APP_ID=666');
    },
  );

  it('the state of another run is refused', async () => {
    const other = await world.start();
    const { state } = await other.form();
    await world.finish(other);
    const run = await world.start();
    expect((await run.callback({ code: 'good-code', state })).status).toBe(403);
  });

  it.each(['', '../../user', 'a/b', 'x'.repeat(201)])('the code %j never reaches GitHub', async (code) => {
    const run = await world.start();
    expect((await run.callback({ code, state: (await run.form()).state })).status).toBe(400);
    expect(world.github.calls).toEqual([]);
  });

  it('a second callback while the first is exchanged is refused, and the first goes on', async () => {
    const run = await world.start();
    const answers = await crossingCallbacks(run.callback, (await run.form()).state);
    expect(answers.map(({ status }) => status)).toEqual([200, 409]);
    expect(await run.ended).toBe(0);
    expect(world.github.calls).toEqual(['good-code']);
  });

  it('after the end nobody listens', async () => {
    const { run } = await world.create();
    await expect(run.callback({ code: 'good-code', state: 'x' })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });

  it('counter-test: routes that remember nothing, on a server that stays, take crossing callbacks and later ones', async () => {
    const forgetful = await serveAppRoutes(world.github, { remembers: false });
    try {
      const answers = await crossingCallbacks(forgetful.callback, forgetful.state);
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      world.github.issue('played-again', { id: 667 });
      const later = await forgetful.callback({ code: 'played-again', state: forgetful.state });
      expect(later.status).toBe(200);
      expect(forgetful.saved.map(({ id }) => id)).toEqual([666, 4_242, 667]);
    } finally {
      await forgetful.close();
    }
  });

  /** Ours is held at GitHub while a stranger's, with another good code, comes with the same state. */
  async function crossingCallbacks(callback: AppCreateRun['callback'], state: string): Promise<Answer[]> {
    world.github.issue('good-code');
    world.github.issue('of-a-stranger', { id: 666 });
    const release = world.github.hold();
    const first = callback({ code: 'good-code', state });
    await expect.poll(() => world.github.calls).toEqual(['good-code']);
    world.github.hold()();
    const second = await callback({ code: 'of-a-stranger', state });
    release();
    return [await first, second];
  }
});

describe('the start page', () => {
  it('counter-test: at the root, another user of the machine reads its state and hands us his App', async () => {
    const atRoot = await serveAppRoutes(world.github, { startPath: '/' });
    try {
      const state = await stateForNeighbour(atRoot.origin);
      expect(state).toBe(atRoot.state);
      world.github.issue('of-a-stranger', { id: 666 });
      const answer = await atRoot.callback({ code: 'of-a-stranger', state: state ?? '' });
      expect(answer.status).toBe(200);
      expect(atRoot.saved).toMatchObject([{ id: 666 }]);
    } finally {
      await atRoot.close();
    }
  });
});

describe('when GitHub does not play along', () => {
  it('an expired code ends it with where to look', async () => {
    const run = await world.start();
    const answer = await run.callback({ code: 'expired', state: (await run.form()).state });
    expect(answer.status).toBe(500);
    expect(answer.text).toContain(`${world.github.url}/organizations/octo-org/settings/apps`);
    expect(await run.ended).toMatchObject({ code: 'manifest-code-expired', retry: false });
    expect(existsSync(world.envFile)).toBe(false);
  });

  it.each([500, 503, 429])('%i leaves the code good: reloading the page succeeds', async (status) => {
    const run = await world.start();
    const { state } = await run.form();
    world.github.issue('good-code');
    world.github.failNext(status);
    const failed = await run.callback({ code: 'good-code', state });
    expect([failed.status, run.printed().includes('Reload the page')]).toEqual([502, true]);
    expect((await run.callback({ code: 'good-code', state })).status).toBe(200);
    expect(await run.ended).toBe(0);
  });
});
