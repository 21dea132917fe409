/** The Kubernetes adapter keeps what every adapter of `Sandbox` promises, on the real cluster. */
import { describe } from 'vitest';
import type { Phase } from '../../src/result/contract/phase-spec.ts';
import { type PhasePlan, sandboxContract } from '../contracts/sandbox-contract.ts';
import { clusterHere } from '../fixtures/cluster.ts';
import { openClusterSandbox, type PodScript } from '../fixtures/cluster-sandbox.ts';

const SCRIPTS: Readonly<Record<PhasePlan, PodScript>> = {
  completes: {},
  fails: { exit: 10 },
  hangs: { hang: true },
  stays: { hang: true, ignoreTerm: true },
};

/** A pod needs some seconds until its last phase begins; until then a deadline is nobody's own. */
const DEADLINE_MS = 8_000;

describe.runIf(clusterHere)('on the cluster', () => {
  sandboxContract('the Kubernetes sandbox', async () => {
    const opened = await openClusterSandbox('glovebox-test-contract');
    return {
      sandbox: opened.sandbox,
      plan: (phases: Readonly<Partial<Record<Phase, PhasePlan>>>, change = {}) =>
        opened.spec(
          Object.fromEntries(Object.entries(phases).map(([phase, plan]) => [phase, SCRIPTS[plan]])),
          { ...change, ...(change.deadlineMs === undefined ? {} : { deadlineMs: DEADLINE_MS }) },
        ),
      tokens: {},
      close: () => opened.close(),
    };
  });
});
