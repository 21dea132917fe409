/** The phase's sign of life: at least every 10 s, and soon after each new step. Tells the phase when to stop. */
import type { Heartbeat, HeartbeatAnswer, PhaseFailure } from '../../result/contract/gateway-api.ts';
import type { Phase } from '../../result/contract/phase-spec.ts';
import type { Clock } from '../../shared/clock.ts';
import { hasCode } from '../../shared/errors.ts';
import type { PhaseFacts, Reporter } from '../phase-context.ts';
import type { GatewayClient } from './gateway-client.ts';

/** What the heart needs; `onAnswer` hears each answer, `onClosed` that the phase is over for the gateway. */
export interface HeartbeatDeps {
  readonly gateway: GatewayClient;
  readonly clock: Clock;
  readonly phase: Phase;
  readonly notLimited: readonly string[];
  onAnswer(answer: HeartbeatAnswer): void;
  onClosed(): void;
}

/** A running heart. */
export interface HeartbeatLoop {
  readonly report: Reporter;
  /** Ends the loop with a last beat; tries a while when the gateway is away, never throws. */
  end(state: 'done' | 'failed', failure: PhaseFailure | null): Promise<void>;
  /** Ends the loop without another beat. */
  stop(): Promise<void>;
}

const EVERY_MS = 10_000;
const STEP_GAP_MS = 1_000;
const LAST_TRIES = 20;

/** Starts beating at once. */
export function startHeartbeat(deps: HeartbeatDeps): HeartbeatLoop {
  const facts: PhaseFacts = { notLimited: [...deps.notLimited].slice(0, 10), copy: null, trackedFiles: null };
  const ended = new AbortController();
  let step: string | null = null;
  let wake = () => {};

  const beat = (state: Heartbeat['state'], failure: PhaseFailure | null) =>
    deps.gateway.heartbeat({ phase: deps.phase, state, step, failure, facts });

  async function loop(): Promise<void> {
    while (!ended.signal.aborted) {
      await tell(deps, () => beat('running', null));
      await pause(EVERY_MS, (wakeNow) => {
        wake = wakeNow;
      });
    }
  }

  /** Waits `ms`, or until a new step, though never less than the gap. */
  async function pause(ms: number, onWake: (wake: () => void) => void): Promise<void> {
    const early = new AbortController();
    onWake(() => early.abort());
    await deps.clock.sleep(STEP_GAP_MS, ended.signal).catch(() => {});
    await deps.clock.sleep(ms - STEP_GAP_MS, AbortSignal.any([early.signal, ended.signal])).catch(() => {});
  }

  async function stop(): Promise<void> {
    ended.abort();
    await running;
  }

  const running = loop();
  return {
    report: {
      step(text) {
        step = text.slice(0, 300);
        wake();
      },
      fact: (news) => void Object.assign(facts, news),
    },
    stop,
    async end(state, failure) {
      await stop();
      for (let attempt = 1; attempt <= LAST_TRIES; attempt++) {
        if ((await tell(deps, () => beat(state, failure))) !== 'away') return;
        await deps.clock.sleep(Math.min(2_000, 100 * attempt));
      }
    },
  };
}

async function tell(
  deps: HeartbeatDeps,
  beat: () => Promise<HeartbeatAnswer>,
): Promise<'told' | 'closed' | 'away'> {
  try {
    deps.onAnswer(await beat());
    return 'told';
  } catch (error) {
    if (!hasCode(error, 'phase-closed') && !hasCode(error, 'unauthenticated')) return 'away';
    deps.onClosed();
    return 'closed';
  }
}
