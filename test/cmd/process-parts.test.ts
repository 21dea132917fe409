import { describe, expect, it } from 'vitest';
import { processParts } from '../../src/cmd/process-parts.ts';
import { readGatewayEnv } from '../../src/config/env.ts';

describe('what a process is made of', () => {
  it('is a store that replicas can share, where sandboxes are a cluster’s', async () => {
    const env = readGatewayEnv({ GLOVEBOX_STORE_KEY: 'ab'.repeat(32), GLOVEBOX_SANDBOX: 'kubernetes' });
    await expect(processParts(env, 'gateway')).rejects.toMatchObject({
      code: 'store-needed',
      message: expect.stringMatching(/^Missing DATABASE_URL in the environment/),
    });
  });
});
