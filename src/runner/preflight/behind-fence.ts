/**
 * fetch may go on while the fence is proven, since nothing of the repository runs in it; it may not end before. The proof
 * starts once the gateway has answered: a pod without any network yet would pass for a fenced one.
 */

import type { PhaseContext } from '../phase-context.ts';
import { PhaseFailedError } from '../phase-failed.ts';
import { proveFence, systemNameServers } from './prove-fence.ts';

/** Network policies were seen to take effect up to some seconds after the pod started. */
const PATIENCE_MS = 15_000;

/** For tests: how long a late policy is waited for, and the servers that the system names. */
export interface FenceOptions {
  readonly patienceMs?: number;
  readonly systemNameServers?: () => string[];
}

/**
 * Runs `part`, and resolves when it is done and the fence is proven. Throws `PhaseFailedError` `fence-not-in-force`, whose
 * message is the address that answered, as soon as that is sure; `part` is stopped first.
 */
export async function behindFence<T extends PhaseContext>(
  context: T,
  part: (context: T) => Promise<void>,
  options: FenceOptions = {},
): Promise<void> {
  if (context.layout.fence === 'none') return part(context);
  const open = new AbortController();
  const running = part({ ...context, stop: AbortSignal.any([context.stop, open.signal]) });
  const fence = assertFence(context, options);
  try {
    await Promise.all([running, fence]);
  } catch (error) {
    open.abort();
    await running.catch(() => {});
    throw error;
  }
}

async function assertFence({ layout, clock }: PhaseContext, options: FenceOptions): Promise<void> {
  const ofSystem = (options.systemNameServers ?? systemNameServers)();
  const nameServers = [...new Set([...ofSystem, ...layout.nameServers])];
  const patienceMs = options.patienceMs ?? PATIENCE_MS;
  const answered = await proveFence({ canaries: layout.canaries, nameServers, clock, patienceMs });
  if (answered === null) return;
  throw new PhaseFailedError({ code: 'fence-not-in-force', message: answered });
}
