/**
 * What every adapter of `Sandbox` promises, as one suite: the process adapter, the cluster's, and the fake that other
 * suites use in their place all pass it.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobObservation, JobSpec, PhaseTokens, Sandbox } from '../../src/job/sandbox.ts';
import type { Phase } from '../../src/result/contract/phase-spec.ts';

/** What a phase is to do: `fails` ends with exit code 10; `hangs` runs until SIGTERM; `stays` ignores that too. */
export type PhasePlan = 'completes' | 'fails' | 'hangs' | 'stays';

/** One adapter with a way to give its jobs a plan. */
export interface SandboxUnderTest {
  readonly sandbox: Sandbox;
  /** A new job whose phases, in this order, do what is planned. */
  plan(phases: Readonly<Partial<Record<Phase, PhasePlan>>>, change?: Partial<JobSpec>): JobSpec;
  readonly tokens: PhaseTokens;
  close(): Promise<void>;
}

/** Registers the suite. */
export function sandboxContract(name: string, open: () => Promise<SandboxUnderTest>): void {
  describe(`${name} keeps the contract of Sandbox`, () => {
    let test: SandboxUnderTest;
    beforeAll(async () => {
      test = await open();
    });
    afterAll(() => test.close());

    const launch = async (
      phases: Readonly<Partial<Record<Phase, PhasePlan>>>,
      change: Partial<JobSpec> = {},
    ): Promise<JobSpec> => {
      const spec = test.plan(phases, change);
      await test.sandbox.launch(spec, test.tokens);
      return spec;
    };
    const waitFor = (spec: JobSpec, isIt: (job: JobObservation) => boolean) =>
      observedUntil(test.sandbox, spec.name, isIt);
    const hasEnded = (job: JobObservation) => job.state === 'ended';
    const isRunning = (phase: Phase) => (job: JobObservation) =>
      job.phases.some((one) => one.phase === phase && one.state === 'running');

    it('runs the phases in order and reports each end', async () => {
      const spec = await launch({ fetch: 'completes', setup: 'completes', work: 'completes' });
      const job = await waitFor(spec, hasEnded);
      expect(
        job.phases.map(({ phase, state, reason, exitCode }) => [phase, state, reason, exitCode]),
      ).toEqual([
        ['fetch', 'ended', 'completed', 0],
        ['setup', 'ended', 'completed', 0],
        ['work', 'ended', 'completed', 0],
      ]);
      for (const [index, phase] of job.phases.entries()) {
        const before = job.phases[index - 1];
        expect(phase.startedAt).toBeGreaterThanOrEqual(before?.endedAt ?? 0);
        expect(phase.endedAt).toBeGreaterThanOrEqual(phase.startedAt ?? Number.POSITIVE_INFINITY);
      }
    });

    it('begins no phase after one that failed', async () => {
      const spec = await launch({ fetch: 'completes', setup: 'fails', work: 'completes' });
      const job = await waitFor(spec, hasEnded);
      expect(job.phases.map(({ state, reason, exitCode }) => [state, reason, exitCode])).toEqual([
        ['ended', 'completed', 0],
        ['ended', 'error', 10],
        ['waiting', null, null],
      ]);
    });

    it('runs verify and deliver side by side', async () => {
      const spec = await launch(
        { fetch: 'completes', verify: 'hangs', deliver: 'hangs' },
        { kind: 'verify' },
      );
      const job = await waitFor(spec, (one) => isRunning('verify')(one) && isRunning('deliver')(one));
      expect(job.state).toBe('running');
      await test.sandbox.stop(spec.name, 5_000);
    });

    it('lets deliver go on after verify has died', async () => {
      const spec = await launch(
        { fetch: 'completes', verify: 'fails', deliver: 'hangs' },
        { kind: 'verify' },
      );
      const job = await waitFor(spec, (one) =>
        one.phases.some(({ phase, state }) => phase === 'verify' && state === 'ended'),
      );
      expect(job.phases.find(({ phase }) => phase === 'deliver')?.state).not.toBe('ended');
      expect(job.state).toBe('running');
      await test.sandbox.stop(spec.name, 5_000);
    });

    it('does nothing at a second launch of a name, running or ended', async () => {
      const spec = await launch({ fetch: 'hangs' });
      const first = await waitFor(spec, isRunning('fetch'));
      await test.sandbox.launch(spec, test.tokens);
      expect(await test.sandbox.observe(spec.name)).toEqual(first);
      await test.sandbox.stop(spec.name, 5_000);
      const end = await waitFor(spec, hasEnded);
      await test.sandbox.launch(spec, test.tokens);
      expect(await test.sandbox.observe(spec.name)).toEqual(end);
      expect((await test.sandbox.list()).filter(({ name: one }) => one === spec.name)).toHaveLength(1);
    });

    it('starts one job when two launches of a name meet', async () => {
      const spec = test.plan({ fetch: 'hangs' });
      await Promise.all([test.sandbox.launch(spec, test.tokens), test.sandbox.launch(spec, test.tokens)]);
      await waitFor(spec, isRunning('fetch'));
      expect((await test.sandbox.list()).filter(({ name: one }) => one === spec.name)).toHaveLength(1);
      await test.sandbox.stop(spec.name, 5_000);
    });

    it.each([
      ['a runner that heeds SIGTERM', 'hangs', 10_000],
      ['a runner that ignores SIGTERM, once its grace is over', 'stays', 50],
      ['any runner at once without grace', 'stays', 0],
    ] as const)('stops %s', async (_what, plan, graceMs) => {
      const spec = await launch({ fetch: 'completes', work: plan });
      await waitFor(spec, isRunning('work'));
      await test.sandbox.stop(spec.name, graceMs);
      const job = await waitFor(spec, hasEnded);
      expect(job.phases.map(({ reason }) => reason)).toEqual(['completed', 'stopped']);
    });

    it('begins no further phase once it was stopped', async () => {
      const spec = await launch({ fetch: 'hangs', work: 'completes' });
      await waitFor(spec, isRunning('fetch'));
      await test.sandbox.stop(spec.name, 5_000);
      const job = await waitFor(spec, hasEnded);
      expect(job.phases.map(({ state }) => state)).toEqual(['ended', 'waiting']);
    });

    it('keeps the reason of a job that ended before it was stopped', async () => {
      const spec = await launch({ fetch: 'fails' });
      const end = await waitFor(spec, hasEnded);
      await test.sandbox.stop(spec.name, 0);
      expect(await test.sandbox.observe(spec.name)).toEqual(end);
    });

    it('ends a job at its deadline and says so', async () => {
      const spec = await launch({ fetch: 'completes', work: 'stays' }, { deadlineMs: 1_500 });
      const job = await waitFor(spec, hasEnded);
      expect(job.phases.at(-1)?.reason).toBe('deadline');
    });

    it('knows nothing of a job after its removal', async () => {
      const spec = await launch({ fetch: 'completes' });
      await waitFor(spec, hasEnded);
      await test.sandbox.remove(spec.name);
      expect(await test.sandbox.observe(spec.name)).toBeNull();
      expect((await test.sandbox.list()).map(({ name: one }) => one)).not.toContain(spec.name);
    });

    it('takes unknown names for observe, stop and remove', async () => {
      expect(await test.sandbox.observe('gb-7k2m9q-work-0000000000')).toBeNull();
      await test.sandbox.stop('gb-7k2m9q-work-0000000000', 0);
      await test.sandbox.remove('gb-7k2m9q-work-0000000000');
    });

    it('tells subscribers the names of changed jobs until they leave', async () => {
      const heard: string[] = [];
      const gone: string[] = [];
      const unsubscribe = test.sandbox.subscribe((job) => void heard.push(job));
      test.sandbox.subscribe((job) => void gone.push(job))();
      const spec = await launch({ fetch: 'completes' });
      await waitFor(spec, hasEnded);
      unsubscribe();
      expect(heard).toContain(spec.name);
      expect(gone).toEqual([]);
    });
  });
}

/** Looks whenever the sandbox says that something changed, and now and then beside it: notices are hints only. */
export async function observedUntil(
  sandbox: Sandbox,
  name: string,
  isIt: (job: JobObservation) => boolean,
): Promise<JobObservation> {
  const { promise, resolve } = Promise.withResolvers<JobObservation>();
  const look = async () => {
    const job = await sandbox.observe(name);
    if (job !== null && isIt(job)) resolve(job);
  };
  const unsubscribe = sandbox.subscribe(() => void look());
  const timer = setInterval(() => void look(), 50);
  await look();
  try {
    return await promise;
  } finally {
    clearInterval(timer);
    unsubscribe();
  }
}
