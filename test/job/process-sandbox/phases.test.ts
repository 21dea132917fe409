import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
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
});
