/**
 * Runs a phase's part under the runner's own watch, where no adapter watches from outside: in a pod. Whoever passes a
 * limit is ended with everything that runs, before anybody is told.
 */
import type { SandboxLimits } from '../../result/contract/phase-spec.ts';
import type { PhaseContext } from '../phase-context.ts';
import { PhaseFailedError } from '../phase-failed.ts';
import { endEverything } from '../process/end-everything.ts';
import { type PassedLimit, watchLimits } from './watch-limits.ts';
import { writablePlaces } from './writable-places.ts';

/** Where the namespace is not ours alone, only what descends from us is ended. */
const NOBODY_ELSE = { mark: 'GLOVEBOX_LIMIT=passed', sessions: [], folders: [] };

/** Throws `PhaseFailedError` `limit` in place of whatever `part` did once a limit was passed. */
export async function withinLimits<T extends PhaseContext>(
  context: T,
  limits: SandboxLimits,
  part: (context: T) => Promise<void>,
): Promise<void> {
  if ('socketPath' in context.layout.gateway) return part(context);
  const { clock, layout } = context;
  const over = new AbortController();
  const done = new AbortController();
  const seen: { passed: PassedLimit | null } = { passed: null };
  const watching = watchLimits({ clock, limits, places: writablePlaces(layout), signal: done.signal }).then(
    async (passed) => {
      if (passed === null) return;
      seen.passed = passed;
      over.abort();
      await endEverything(clock, NOBODY_ELSE);
    },
  );
  const stop = AbortSignal.any([context.stop, over.signal]);
  try {
    await part({ ...context, stop, passedLimit: () => seen.passed?.kind ?? null });
  } catch (error) {
    if (seen.passed === null) throw error;
  } finally {
    done.abort();
    await watching;
  }
  if (seen.passed === null) return;
  const { kind, message } = seen.passed;
  throw new PhaseFailedError({ code: 'limit', limit: kind, message });
}
