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
import { createGatewayClient, type GatewayClient } from './gateway/gateway-client.ts';
import { startHeartbeat } from './gateway/heartbeat.ts';
import type { PhaseContext, Reporter } from './phase-context.ts';
import { PhaseFailedError } from './phase-failed.ts';
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
  const failure = await attempt(async () => {
    await preflight(run);
    const { runVerify } = await import('./verify/verify-phase.ts');
    await runVerify({ ...run, report, stop: run.terminated });
  });
  return close(run, failure);
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
  const refusal = await attempt(() => preflight(run));
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
  const stop = AbortSignal.any([run.terminated, stopped.signal]);
  const context = { ...run, report: heart.report, stop, gateway, verifyEnded: () => verifyEnded };
  const failure = refusal ?? (await attempt(async () => doPart(context, await gateway.spec())));
  if (failure === null && CLOSED_BY_ITS_LAST_UPLOAD.has(run.phase)) await heart.stop();
  else await heart.end(failure === null ? 'done' : 'failed', failure);
  return close(run, failure);
}

/** The seal and the last upload say that these are done, and close their job: a last beat would only be refused. */
const CLOSED_BY_ITS_LAST_UPLOAD: ReadonlySet<Phase> = new Set<Phase>(['work', 'deliver']);

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
      return runFetch(context, spec);
    case 'setup':
      return runSetup(context, spec);
    case 'work': {
      const { runWork } = await import('./work/work-phase.ts');
      return runWork(context, spec);
    }
    case 'deliver':
      return runDeliver(context, spec);
  }
}

/** Null when all went well, or when the gateway closed the phase: then nobody wants to hear of it. */
async function attempt(part: () => Promise<void>): Promise<PhaseFailure | null> {
  try {
    await part();
    return null;
  } catch (error) {
    if (error instanceof PhaseFailedError) return error.failure;
    if (hasCode(error, 'phase-closed')) return null;
    const code = error instanceof GloveboxError ? `${error.code}: ` : '';
    const words = error instanceof Error ? error.message : String(error);
    return { code: 'internal', message: (code + words).slice(0, 2_000), outputTail: null };
  }
}

function close(run: PhaseRun, failure: PhaseFailure | null): number {
  if (failure === null) return RUNNER_EXIT.done;
  run.say(`${run.phase} failed (${failure.code}): ${failure.message}`);
  if (failure.code === 'credential-found' || failure.code === 'fence-not-in-force')
    return RUNNER_EXIT.refused;
  return failure.code === 'limit' ? RUNNER_EXIT.disk : RUNNER_EXIT.failed;
}
