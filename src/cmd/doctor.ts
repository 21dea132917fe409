/**
 * `glovebox doctor [--kubernetes] [--json]`: looks at everything that a task will need, changes nothing that stays, and
 * prints what holds, what does not and how to mend it. Builds the real clients; the checks are in `doctor/`.
 */
import { readPlaceEnv } from '../config/env.ts';
import { type Clock, systemClock } from '../shared/clock.ts';
import { GloveboxError } from '../shared/errors.ts';
import type { Check } from './doctor/check.ts';
import { doctorScreen } from './doctor/doctor-screen.ts';
import { checksHere } from './doctor/here/checks-here.ts';
import type { PlaceFacts } from './doctor/place.ts';
import { type Ran, runChecks } from './doctor/run-checks.ts';

/** Options of the command line. */
export interface DoctorArgs {
  readonly json?: boolean;
  readonly kubernetes?: boolean;
  /** The control plane's namespace. */
  readonly namespace: string;
}

/** Where the doctor speaks. */
export interface DoctorIo {
  readonly out: (text: string) => void;
  readonly tty: boolean;
}

/** Exit code: 0 nothing fails, 1 something does, 3 a check broke by our fault, 130 interrupted. Error `env-invalid`. */
export async function runDoctor(args: DoctorArgs, io: DoctorIo): Promise<number> {
  const { sandbox, configPath, inPod, environment } = readPlaceEnv();
  const isKubernetes = args.kubernetes === true || sandbox === 'kubernetes';
  const place: PlaceFacts = {
    place: inPod ? 'pod' : isKubernetes ? 'operator' : 'machine',
    namespace: args.namespace,
  };
  const here = { place, isKubernetes, configPath, clock: systemClock };
  const run = (checks: readonly Check[]) =>
    withInterrupt((signal) => doctor(checks, { ...io, json: args.json ?? false, signal }));
  if (!isKubernetes) return run(checksHere(here));
  // the client takes a second to load, and one machine has no use for it
  const { openKubeRequests } = await import('./doctor/cluster/kube-requests.ts');
  const { checksOfCluster } = await import('./doctor/cluster/checks-of-cluster.ts');
  const { noClusterCheck } = await import('./doctor/cluster/api-server.ts');
  const kube = openedOrWhyNot(openKubeRequests);
  if (kube instanceof GloveboxError) return run([...checksHere(here), noClusterCheck(kube)]);
  try {
    const { checks, ...more } = checksOfCluster({ ...here, kube, environment });
    return await run([...checksHere({ ...here, ...more }), ...checks]);
  } finally {
    await kube.close();
  }
}

/** Without a cluster the rest is still worth a look. */
function openedOrWhyNot<Opened>(open: () => Opened): Opened | GloveboxError {
  try {
    return open();
  } catch (error) {
    if (error instanceof GloveboxError) return error;
    throw error;
  }
}

interface Session extends DoctorIo {
  readonly json: boolean;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/** Runs the checks on a screen; the exit code as above. */
export async function doctor(checks: readonly Check[], session: Session): Promise<number> {
  const screen = doctorScreen(session);
  const ran = await runChecks(checks, {
    clock: session.clock ?? systemClock,
    signal: session.signal,
    onStart: (check) => screen.start(check),
    onEnd: (findings) => screen.found(findings),
  });
  screen.end(ran.findings);
  return session.signal.aborted ? 130 : exitCodeOf(ran);
}

function exitCodeOf({ findings, hasDefect }: Ran): 0 | 1 | 3 {
  if (hasDefect) return 3;
  return findings.some(({ state }) => state === 'fails') ? 1 : 0;
}

/** The first signal tells the check in hand to tidy up; a second one ends the process as it always does. */
async function withInterrupt(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const interrupted = new AbortController();
  const stop = () => interrupted.abort(new Error('interrupted'));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    return await work(interrupted.signal);
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}
