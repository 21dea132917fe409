import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CELL_FOLDER, RunnerLayout } from '../../../src/result/contract/layout.ts';
import { observedUntil } from '../../contracts/sandbox-contract.ts';
import {
  attack,
  ended,
  isolations,
  jobSpec,
  openTestSandbox,
  seenBy,
  type TestSandbox,
  TOKENS,
} from '../../fixtures/process-sandbox.ts';

describe.each(isolations)('phases with isolation %s', (isolation) => {
  let test: TestSandbox;
  beforeAll(async () => {
    test = await openTestSandbox();
  });
  afterAll(() => test.close());

  it('runs fetch, setup and work one after another, each with its own token', async () => {
    const spec = jobSpec(isolation, {});
    await test.sandbox.launch(spec, TOKENS);
    const job = await ended(test.sandbox, spec.name);
    expect(job.phases.map(({ phase, reason, exitCode }) => ({ phase, reason, exitCode }))).toEqual([
      { phase: 'fetch', reason: 'completed', exitCode: 0 },
      { phase: 'setup', reason: 'completed', exitCode: 0 },
      { phase: 'work', reason: 'completed', exitCode: 0 },
    ]);
    const begun = seenBy(test, spec.name).filter(({ event }) => event === 'begin');
    expect(begun.map(({ phase, token }) => `${phase} ${token}`).toSorted()).toEqual([
      'fetch token-fetch',
      'setup token-setup',
      'work token-work',
    ]);
  });

  it('lets deliver outlive a verify that the deadline ended', async () => {
    const script = { verify: { hang: true, ignoreTerm: true }, deliver: { hang: true } };
    const spec = jobSpec(isolation, script, {
      phases: ['verify', 'deliver'],
      kind: 'verify',
      deadlineMs: 2_000,
    });
    await test.sandbox.launch(spec, TOKENS);
    const verifyEnded = await observedUntil(
      test.sandbox,
      spec.name,
      ({ phases }) => phases[0]?.state === 'ended',
    );
    expect(verifyEnded.phases.map(({ state }) => state)).toEqual(['ended', 'running']);
    const job = await ended(test.sandbox, spec.name);
    expect(job.phases.map(({ reason }) => reason)).toEqual(['deadline', 'deadline']);
  });

  it('does not count the time that verify waits for the agent', async () => {
    const script = {
      verify: { waitFor: 'SEALED/set' },
      deliver: { shell: 'sleep 1.5', write: 'SEALED/set' },
    };
    const { limits } = jobSpec(isolation, {});
    const spec = jobSpec(isolation, script, {
      phases: ['verify', 'deliver'],
      kind: 'verify',
      limits: { ...limits, wallClockMs: 1_000 },
    });
    await test.sandbox.launch(spec, TOKENS);
    const job = await ended(test.sandbox, spec.name);
    expect(job.phases.map(({ reason }) => reason)).toEqual(['completed', 'completed']);
  });

  it('has a Node for tools even where the machine shows none, after the machine’s own', async () => {
    const { seen } = await attack(test, isolation, {});
    const { toolEnv } = RunnerLayout.parse(seen[0]?.['layout']);
    const last = toolEnv['PATH']?.split(':').at(-1) ?? '';
    const { stdout } = await attack(test, isolation, { shell: `${join(last, 'node')} --version` });
    expect(stdout.trim()).toBe(process.version);
  });

  it('a running cell and the agent’s workspace have one path where the adapter can', async () => {
    const spec = jobSpec(isolation, {}, { phases: ['work', 'verify'] });
    await test.sandbox.launch(spec, TOKENS);
    await ended(test.sandbox, spec.name);
    const layouts = seenBy(test, spec.name)
      .filter(({ event }) => event === 'begin')
      .map(({ phase, layout }) => [phase, RunnerLayout.parse(layout)] as const);
    const byPhase = Object.fromEntries(layouts);
    const cell = join(byPhase['verify']?.scratch ?? '', CELL_FOLDER);
    expect(cell === byPhase['work']?.prepared).toBe(isolation === 'bubblewrap');
    expect(byPhase['verify']?.home).toBe(byPhase['work']?.home);
  });
});
