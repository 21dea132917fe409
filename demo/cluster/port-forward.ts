/**
 * Ports of the cluster on this machine's loopback through `kubectl port-forward`, which ends with each restart of the API
 * server or the pod behind it: it is started again on the same local port for as long as it is wanted.
 */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { systemClock } from '../../src/shared/clock.ts';
import { GloveboxError } from '../../src/shared/errors.ts';
import type { Kubectl } from './kubectl.ts';

/** A forwarded port. */
export interface PortForward {
  readonly localPort: number;
  /** What a person would type for the same. */
  readonly command: string;
  close(): Promise<void>;
}

const FIRST_LIMIT_MS = 60_000;
const BETWEEN_MS = 300;

/** Forwards until closed; resolves when the port takes connections for the first time. Error `port-forward-failed`. */
export async function startPortForward(
  kubectl: Kubectl,
  want: { readonly namespace: string; readonly target: string; readonly port: number },
): Promise<PortForward> {
  const state: State = { child: null, closed: new AbortController(), localPort: 0, said: '' };
  const running = keepForwarding(kubectl, want, state);
  const close = async (): Promise<void> => {
    state.closed.abort();
    state.child?.kill();
    await running;
  };
  const end = systemClock.now() + FIRST_LIMIT_MS;
  while (state.localPort === 0) {
    if (systemClock.now() > end) {
      await close();
      throw new GloveboxError({
        code: 'port-forward-failed',
        message: `'${want.target}' in namespace '${want.namespace}' cannot be reached by port-forward: ${state.said}`,
      });
    }
    await systemClock.sleep(20);
  }
  return {
    localPort: state.localPort,
    command: `kubectl -n ${want.namespace} port-forward ${want.target} ${want.port}`,
    close,
  };
}

interface State {
  child: ChildProcess | null;
  readonly closed: AbortController;
  /** 0 before the first forwarding stands; kept afterwards. */
  localPort: number;
  /** What kubectl complained about last. */
  said: string;
}

async function keepForwarding(
  kubectl: Kubectl,
  want: { readonly namespace: string; readonly target: string; readonly port: number },
  state: State,
): Promise<void> {
  const { signal } = state.closed;
  while (!signal.aborted) {
    const ports = `${state.localPort === 0 ? '' : state.localPort}:${want.port}`;
    const child = kubectl.start(['-n', want.namespace, 'port-forward', want.target, ports]);
    state.child = child;
    await untilEnded(child, state);
    await systemClock.sleep(BETWEEN_MS, signal).catch(() => {});
  }
}

function untilEnded(child: ChildProcess, state: State): Promise<void> {
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const port = /^Forwarding from 127\.0\.0\.1:(\d+) ->/.exec(line)?.[1];
      if (port !== undefined) state.localPort = Number(port);
    });
  }
  if (child.stderr) {
    createInterface({ input: child.stderr }).on('line', (line) => {
      state.said = line;
      // it stays alive after a lost pod, and serves nobody
      if (/lost connection to pod|error creating .*stream|timed out/i.test(line)) child.kill();
    });
  }
  return new Promise((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
}
