import { describe, expect, it } from 'vitest';
import type { Phase } from '../../../src/result/contract/phase-spec.ts';
import { PHASES } from '../../../src/result/contract/phase-spec.ts';
import { type PhasePlan, sandboxContract } from '../../contracts/sandbox-contract.ts';
import {
  isolations,
  jobSpec,
  openTestSandbox,
  type PhaseScript,
  TOKENS,
} from '../../fixtures/process-sandbox.ts';

const SCRIPTS: Readonly<Record<PhasePlan, PhaseScript>> = {
  completes: {},
  fails: { exit: 10 },
  hangs: { hang: true },
  stays: { hang: true, ignoreTerm: true },
};

for (const isolation of isolations) {
  sandboxContract(`process-sandbox (${isolation})`, async () => {
    const { sandbox, close } = await openTestSandbox();
    return {
      sandbox,
      tokens: TOKENS,
      close,
      plan: (plans, change) => {
        const phases = PHASES.filter((phase) => plans[phase] !== undefined);
        return jobSpec(isolation, scriptsOf(plans), { phases, ...change });
      },
    };
  });
}

function scriptsOf(plans: Readonly<Partial<Record<Phase, PhasePlan>>>): Partial<Record<Phase, PhaseScript>> {
  return Object.fromEntries(Object.entries(plans).map(([phase, plan]) => [phase, SCRIPTS[plan]]));
}

describe('process-sandbox refuses', () => {
  it.each([
    ['a pod', jobSpec('none', {}, { isolation: 'pod' }), TOKENS, 'sandbox-refused'],
    ['a name that leaves its folder', jobSpec('none', {}, { name: '../other' }), TOKENS, 'sandbox-refused'],
    ['a job without phases', jobSpec('none', {}, { phases: [] }), TOKENS, 'sandbox-refused'],
    ['a phase twice', jobSpec('none', {}, { phases: ['fetch', 'fetch'] }), TOKENS, 'sandbox-refused'],
    ['a phase without its token', jobSpec('none', {}), { fetch: 'token-fetch' }, 'sandbox-refused'],
    ['a token for verify', jobSpec('none', {}), { ...TOKENS, verify: 'token-verify' }, 'sandbox-refused'],
    ['bubblewrap where there is none', jobSpec('bubblewrap', {}), TOKENS, 'isolation-missing'],
  ])('%s', async (_what, spec, tokens, code) => {
    const test = await openTestSandbox({ bwrapPath: null });
    try {
      await expect(test.sandbox.launch(spec, tokens)).rejects.toMatchObject({ code });
      expect(await test.sandbox.list()).toEqual([]);
    } finally {
      await test.close();
    }
  });

  it.each([
    ['is a program that fails', '/bin/false', 'its trial run failed'],
    ['does not exist', '/nonexistent/bwrap', 'is not installed'],
  ])('bubblewrap that %s', async (_what, bwrapPath, problem) => {
    const test = await openTestSandbox({ bwrapPath });
    try {
      expect(test.sandbox.bubblewrapProblem()).toContain(problem);
      await expect(test.sandbox.launch(jobSpec('bubblewrap', {}), TOKENS)).rejects.toMatchObject({
        code: 'isolation-missing',
      });
    } finally {
      await test.close();
    }
  });
});
