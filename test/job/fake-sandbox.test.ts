import type { JobSpec } from '../../src/job/sandbox.ts';
import type { Phase } from '../../src/result/contract/phase-spec.ts';
import { systemRandom } from '../../src/shared/ids.ts';
import { LIMITS } from '../builders/running-job.ts';
import { sandboxContract } from '../contracts/sandbox-contract.ts';
import { FakeSandbox } from '../fakes/fake-sandbox.ts';

const ORDER: readonly Phase[] = ['fetch', 'setup', 'work', 'verify', 'deliver'];

sandboxContract('the fake sandbox', async () => {
  const sandbox = new FakeSandbox();
  return {
    sandbox,
    tokens: {},
    plan: (phases, change = {}): JobSpec => {
      const name = `gb-7k2m9q-work-${Buffer.from(systemRandom(5)).toString('hex')}`;
      sandbox.plan(name, phases);
      return {
        name,
        kind: 'work',
        taskId: '7k2m9q',
        attempt: 1,
        round: 1,
        phases: ORDER.filter((phase) => phases[phase] !== undefined),
        isolation: 'none',
        image: null,
        pod: null,
        limits: LIMITS,
        deadlineMs: 60_000,
        toolEnv: {},
        ...change,
      };
    },
    close: async () => {
      for (const name of sandbox.names()) sandbox.lose(name);
    },
  };
});
