/**
 * One phase from preflight to exit code: the frame that all five share. What only work (the SDK) or verify (the report
 * parsers) needs is loaded there: it is most of the bundle's start time.
 */
import type { PhaseFailure } from '../result/contract/gateway-api.ts';
import { RUNNER_EXIT, type RunnerLayout } from '../result/contract/layout.ts';
import type { Phase, PhaseSpec } from '../result/contract/phase-spec.ts';
import type { Clock } from '../shared/clock.ts';
import { GloveboxError, hasCode } from '../shared/errors.ts';
import type { RandomBytes } from '../shared/ids.ts';
import { runDeliver } from './deliver/deliver-phase.ts';
import { runFetch } from './fetch/fetch-phase.ts';
import { installRunner } from './fetch/install-runner.ts';
import { createGatewayClient, type GatewayClient } from './gateway/gateway-client.ts';
import { startHeartbeat } from './gateway/heartbeat.ts';
import { withinLimits } from './limits/within-limits.ts';
import type { PhaseContext, Reporter } from './phase-context.ts';
import { PhaseFailedError, PhaseStoppedError } from './phase-failed.ts';
import { behindFence } from './preflight/behind-fence.ts';
import { preflight } from './preflight/preflight.ts';
import { runSetup } from './setup/setup-phase.ts';

/** What a phase is run with. `terminated` aborts on SIGTERM. */
export interface PhaseRun {
  readonly phase: Phase;
  readonly layout: RunnerLayout;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly terminated: AbortSignal;
  /** One line for the operator's log of the sandbox. */
  say(line: string): void;
}

/** How long a call waits for our side to come back. */
const PATIENCE_MS = 5 * 60_000;

/** Resolves with one of `RUNNER_EXIT`; never throws. */
export function runPhase(run: PhaseRun): Promise<number> {
  return run.phase === 'verify' ? runSilent(run) : runTalking(run);
}

/** verify has no token and no voice; its exit code and its files speak. */
async function runSilent(run: PhaseRun): Promise<number> {
  const report: Reporter = { step: (text) => run.say(text), fact: () => {} };
  const context = { ...run, report, stop: run.terminated, passedLimit: () => null };
  const end = await attempt(context.stop, async () => {
    preflight(run);
    const { runVerify } = await import('./verify/verify-phase.ts');
    await runVerify(context);
  });
  return close(run, end);
}

async function runTalking(run: PhaseRun): Promise<number> {
  const gateway = createGatewayClient({
    target: run.layout.gateway,
    tokenFile: run.layout.tokenFile,
    clock: run.clock,
    patienceMs: PATIENCE_MS,
  });
  const stopped = new AbortController();
  let verifyEnded = false;
  const stop = AbortSignal.any([run.terminated, stopped.signal]);
  // First of all: it takes any open socket for one that somebody left to us.
  const started = await attempt(stop, async () => preflight(run));
  const answer = await gateway.spec().then(
    (spec) => ({ spec }),
    (error: unknown) => ({ error }),
  );
  // Not sooner: a job belongs to the pod that took its spec, and a beat before that is refused.
  const heart = startHeartbeat({
    gateway,
    clock: run.clock,
    phase: run.phase,
    notLimited: run.layout.notLimited,
    onAnswer: (answer) => {
      verifyEnded ||= answer.verifyEnded;
      if (answer.stop) stopped.abort();
    },
    onClosed: () => stopped.abort(),
  });
  const context = {
    ...run,
    report: heart.report,
    stop,
    passedLimit: () => null,
    gateway,
    verifyEnded: () => verifyEnded,
  };
  const end = await goOn(context, started, answer);
  if (saysNothingMore(run.phase, end)) await heart.stop();
  else await heart.end(end.failure === null ? 'done' : 'failed', end.failure);
  return close(run, end);
}

/** What the preflight refused is told, whatever the gateway said. */
async function goOn(
  context: FullContext,
  started: PhaseEnd,
  answer: { readonly spec: PhaseSpec } | { readonly error: unknown },
): Promise<PhaseEnd> {
  if (started.exit !== RUNNER_EXIT.done) return started;
  if ('error' in answer) return endOf(answer.error, context.stop.aborted);
  return attempt(context.stop, () => doPart(context, answer.spec));
}

/** The seal and the last upload close their job: a last beat would only be refused. Who was stopped failed at nothing. */
function saysNothingMore(phase: Phase, end: PhaseEnd): boolean {
  if (end.exit === RUNNER_EXIT.stopped) return true;
  return end.failure === null && (phase === 'work' || phase === 'deliver');
}

interface FullContext extends PhaseContext {
  readonly phase: Phase;
  readonly gateway: GatewayClient;
  readonly verifyEnded: () => boolean;
}

async function doPart(context: FullContext, spec: PhaseSpec): Promise<void> {
  if (spec.phase !== context.phase) {
    throw new PhaseFailedError({
      code: 'internal',
      message: `The gateway gave '${context.phase}' the spec of '${spec.phase}'; expected its own.`,
    });
  }
  switch (spec.phase) {
    case 'fetch':
      return behindFence(context, async (fenced) => {
        await Promise.all([runFetch(fenced, spec), installRunner(context.layout.install)]);
      });
    case 'setup':
      return withinLimits(context, spec.limits, (limited) => runSetup(limited, spec));
    case 'work': {
      const { runWork } = await import('./work/work-phase.ts');
      return withinLimits(context, spec.limits, (limited) => runWork(limited, spec));
    }
    case 'deliver':
      return runDeliver(context, spec);
  }
}

interface PhaseEnd {
  readonly exit: (typeof RUNNER_EXIT)[keyof typeof RUNNER_EXIT];
  /** Null when all went well, or when nobody wants to hear of it. */
  readonly failure: PhaseFailure | null;
}

async function attempt(stop: AbortSignal, part: () => Promise<void>): Promise<PhaseEnd> {
  try {
    await part();
    return { exit: RUNNER_EXIT.done, failure: null };
  } catch (error) {
    return endOf(error, stop.aborted);
  }
}

function endOf(error: unknown, isStopped: boolean): PhaseEnd {
  const failure = failureOf(error);
  if (error instanceof PhaseFailedError && error.limit !== null)
    return { exit: RUNNER_EXIT[error.limit], failure };
  // Whatever fails after we were told to end fails because of it.
  if (isStopped || error instanceof PhaseStoppedError) return { exit: RUNNER_EXIT.stopped, failure: null };
  if (hasCode(error, 'phase-closed')) return { exit: RUNNER_EXIT.done, failure: null };
  return { exit: REFUSALS.has(failure.code) ? RUNNER_EXIT.refused : RUNNER_EXIT.failed, failure };
}

const REFUSALS: ReadonlySet<PhaseFailure['code']> = new Set(['credential-found', 'fence-not-in-force']);

function failureOf(error: unknown): PhaseFailure {
  if (error instanceof PhaseFailedError) return error.failure;
  const code = error instanceof GloveboxError ? `${error.code}: ` : '';
  const words = error instanceof Error ? error.message : String(error);
  return { code: 'internal', message: (code + words).slice(0, 2_000), outputTail: null };
}

function close(run: PhaseRun, { exit, failure }: PhaseEnd): number {
  if (failure !== null) run.say(`${run.phase} failed (${failure.code}): ${failure.message}`);
  return exit;
}
