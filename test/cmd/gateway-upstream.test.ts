/** Which model stands behind the gateway, by its environment. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gatewayUpstream } from '../../src/cmd/gateway-upstream.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { openTestStore } from '../fixtures/test-store.ts';

describe('the upstream of the gateway', () => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore('pglite');
  });
  afterAll(() => store.close());
  const env = { anthropicBaseUrl: 'https://api.anthropic.com', anthropicApiKey: 'sk-test', replayTask: null };

  it('is the address of the environment', async () => {
    const { upstream, url, close } = await gatewayUpstream(env, store.db);
    expect([upstream.name, url]).toEqual(['api.anthropic.com', 'https://api.anthropic.com']);
    close();
  });

  it('may need no key, but for the one that answers nobody without', async () => {
    const own = { ...env, anthropicBaseUrl: 'http://models.example:8080', anthropicApiKey: null };
    const { upstream, close } = await gatewayUpstream(own, store.db);
    expect(upstream.name).toBe('models.example:8080');
    close();
    await expect(gatewayUpstream({ ...env, anthropicApiKey: null }, store.db)).rejects.toMatchObject({
      code: 'key-missing',
      message: expect.stringContaining('ANTHROPIC_API_KEY'),
    });
  });

  it('is refused where the task to replay has no recorded answer', async () => {
    await expect(gatewayUpstream({ ...env, replayTask: '7k2m9q' }, store.db)).rejects.toMatchObject({
      code: 'replay-empty',
    });
  });
});
