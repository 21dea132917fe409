/** What every phase does before anything else: refuse to start beside a credential or, in fetch, without the fence. */
import type { RunnerLayout } from '../../result/contract/layout.ts';
import type { Phase } from '../../result/contract/phase-spec.ts';
import type { Clock } from '../../shared/clock.ts';
import { PhaseFailedError } from '../phase-failed.ts';
import { lookForCredentials } from './look-for-credentials.ts';
import { proveFence } from './prove-fence.ts';

/** What the preflight is given. */
export interface PreflightDeps {
  readonly layout: RunnerLayout;
  readonly phase: Phase;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

/** Network policies were seen to take effect up to some seconds after the pod started. */
const FENCE_PATIENCE_MS = 15_000;

/** Throws `PhaseFailedError` with `credential-found` or `fence-not-in-force`; naming places, never values. */
export async function preflight(deps: PreflightDeps): Promise<void> {
  const findings = lookForCredentials({ layout: deps.layout, env: deps.env, root: '/' });
  if (findings.length > 0) {
    throw new PhaseFailedError({
      code: 'credential-found',
      message: `Refused to start ${deps.phase}: ${findings.slice(0, 10).join(', ')} looks like a credential; expected none but our phase token. Remove it from the template or the sandbox.`,
    });
  }
  if (deps.phase !== 'fetch' || deps.layout.fence === 'none') return;
  const answered = await proveFence({
    canaries: deps.layout.canaries,
    nameServers: null,
    clock: deps.clock,
    patienceMs: FENCE_PATIENCE_MS,
  });
  if (answered === null) return;
  throw new PhaseFailedError({
    code: 'fence-not-in-force',
    message: `The sandbox reached ${answered}; expected nothing but our gateway. Nothing of the repository was run.`,
  });
}
