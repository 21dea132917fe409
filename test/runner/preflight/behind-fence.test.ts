import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PhaseContext } from '../../../src/runner/phase-context.ts';
import { behindFence } from '../../../src/runner/preflight/behind-fence.ts';
import { type RunnerSandbox, runnerSandbox } from '../../fixtures/runner-sandbox.ts';

let box: RunnerSandbox;
let canary: Server;
let address: string;
beforeEach(async () => {
  box = runnerSandbox();
  canary = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve));
  const at = canary.address();
  address = `127.0.0.1:${typeof at === 'object' ? at?.port : 0}`;
});
afterEach(async () => {
  await closeCanary();
  box.remove();
});

function closeCanary(): Promise<void> {
  return new Promise((resolve) => canary.close(() => resolve()));
}

/** A name server of the machine that runs the test would answer: the fence is asked for its canaries alone. */
function context(): PhaseContext {
  return {
    ...box.context,
    layout: { ...box.layout, fence: 'gateway-only', canaries: [address], nameServers: [] },
  };
}

const NONE = { systemNameServers: () => [] };

describe('INC-24: fetch goes on while the fence is proven', () => {
  test('but does not end before it is', async () => {
    const done: string[] = [];
    const running = behindFence(context(), async () => void done.push('part'), NONE);
    void running.then(() => done.push('fetch'));
    await until(() => done.length > 0);
    expect(done).toEqual(['part']);
    await closeCanary();
    await running;
    expect(done).toEqual(['part', 'fetch']);
  });

  test('a fence that stays open stops it, and the failure is the address that answered', async () => {
    let stopped = false;
    const part = ({ stop }: PhaseContext) =>
      new Promise<void>((resolve) => {
        stop.addEventListener('abort', () => {
          stopped = true;
          resolve();
        });
      });
    const running = behindFence(context(), part, { ...NONE, patienceMs: 0 });
    await expect(running).rejects.toMatchObject({
      failure: { code: 'fence-not-in-force', message: address },
    });
    expect(stopped).toBe(true);
  });

  test('what fails beside it is told at once', async () => {
    const part = () => Promise.reject(new Error('no such commit'));
    await expect(behindFence(context(), part, NONE)).rejects.toThrow('no such commit');
  });

  test('counter-test: where no fence is promised, nothing is asked', async () => {
    const open = { ...context(), layout: { ...box.layout, canaries: [address] } };
    await behindFence(open, async () => {}, NONE);
  });
});

async function until(look: () => boolean): Promise<void> {
  while (!look()) await new Promise((resolve) => setImmediate(resolve));
}
