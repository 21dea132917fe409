/** Runs the checks one after another, each within its time; whatever a check does, it ends as lines of the table. */
import type { Clock } from '../../shared/clock.ts';
import { GloveboxError } from '../../shared/errors.ts';
import { type Check, type Finding, fails } from './check.ts';

/** A finding with the check that it is of. */
export interface Reported extends Finding {
  readonly check: string;
}

export interface RunDeps {
  readonly clock: Clock;
  /** Aborts when the person wants no more: the check in hand tidies up, no other is begun. */
  readonly signal: AbortSignal;
  /** Told what happens as it happens. */
  readonly onStart: (check: Check) => void;
  readonly onEnd: (findings: readonly Reported[]) => void;
}

export interface Ran {
  readonly findings: readonly Reported[];
  /** A check threw what it never should: our fault, not the operator's. */
  readonly hasDefect: boolean;
}

/** What a check that is told to end may take to remove what it made. */
const TIDY_MS = 30_000;

/** Runs all of them; resolves early, with what there is, when the signal aborts. */
export async function runChecks(checks: readonly Check[], deps: RunDeps): Promise<Ran> {
  const findings: Reported[] = [];
  let hasDefect = false;
  for (const check of checks) {
    if (deps.signal.aborted) break;
    deps.onStart(check);
    const end = await runOne(check, deps);
    hasDefect ||= end.isDefect;
    const reported = end.findings.map((finding) => ({ check: check.name, ...finding }));
    deps.onEnd(reported);
    findings.push(...reported);
  }
  return { findings, hasDefect };
}

interface CheckEnd {
  readonly findings: readonly Finding[];
  readonly isDefect: boolean;
}

async function runOne(check: Check, { clock, signal }: RunDeps): Promise<CheckEnd> {
  const late = new AbortController();
  const settled = new AbortController();
  const running = attempt(check, AbortSignal.any([signal, late.signal])).finally(() => settled.abort());
  const tooLate = async (): Promise<CheckEnd> => {
    await clock.sleep(check.timeoutMs, settled.signal);
    late.abort(new Error('its time is over'));
    await clock.sleep(TIDY_MS, settled.signal);
    return timedOut(check);
  };
  const end = await Promise.race([running, tooLate().catch(() => running)]);
  return late.signal.aborted ? timedOut(check) : end;
}

async function attempt(check: Check, signal: AbortSignal): Promise<CheckEnd> {
  try {
    const findings = await check.run(signal);
    if (findings.length > 0) return { findings, isDefect: false };
    return { findings: [fails('found nothing to say', check.remedy)], isDefect: true };
  } catch (error) {
    return broken(check, error);
  }
}

function broken(check: Check, error: unknown): CheckEnd {
  if (error instanceof GloveboxError)
    return { findings: [fails(error.message, check.remedy)], isDefect: false };
  const words = error instanceof Error ? error.message : String(error);
  return { findings: [fails(`broke: ${words}`, check.remedy)], isDefect: true };
}

function timedOut(check: Check): CheckEnd {
  const text = `no result within ${check.timeoutMs / 1_000} s`;
  return { findings: [fails(text, check.remedy)], isDefect: false };
}
