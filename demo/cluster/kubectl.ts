/** Runs kubectl against the current context: the operator's own, or the test cluster's where there is none on PATH. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/shared/clock.ts';
import { GloveboxError } from '../../src/shared/errors.ts';
import { type CommandEnd, type CommandOptions, runToEnd } from './run-to-end.ts';

/** One kubectl, pointed at one context. */
export interface Kubectl {
  /** Name of the context. */
  readonly context: string;
  /** Runs to the end, whatever that is. */
  attempt(args: readonly string[], options?: CommandOptions): Promise<CommandEnd>;
  /**
   * For what must work and may be said twice (get, server-side apply, delete): stdout. While the API server only cannot
   * answer just now, it is asked again for a minute. Error `kubectl-failed` with what kubectl said.
   */
  run(args: readonly string[], options?: CommandOptions): Promise<string>;
  /** A call that goes on, e.g. `port-forward`; its end is the caller's business. */
  start(args: readonly string[]): ChildProcess;
}

/** Ctrl-C in a terminal is for the demo, which ends its kubectls itself: one that removes things must go on. */
const APART = { detached: true } as const;

const PASSES_WITHIN_MS = 60_000;
const BETWEEN_MS = 500;
/** An API server that restarts or is overrun, and a namespace so new that it has no service account yet. */
const PASSING = new RegExp(
  [
    'connection refused',
    'connection reset by peer',
    'i/o timeout',
    'TLS handshake timeout',
    'unexpected EOF',
    'http2: client connection lost',
    'etcdserver: (request timed out|leader changed)',
    'currently unable to handle the request',
    'serviceaccount "[^"]+" not found',
  ].join('|'),
);

/** The current context of a kubectl, from `findKubectl` or its path. Error `context-missing`. */
export function openKubectl(command: string): Kubectl {
  const asked = spawnSync(command, ['config', 'current-context'], { encoding: 'utf8' });
  const context = asked.stdout.trim();
  if (asked.status !== 0 || context === '') throw contextMissing();
  const all = (args: readonly string[]): string[] => ['--context', context, ...args];
  const attempt: Kubectl['attempt'] = (args, options = {}) =>
    runToEnd(command, all(args), { ...options, ...APART });
  return {
    context,
    attempt,
    run: async (args, options) => {
      const last = systemClock.now() + PASSES_WITHIN_MS;
      for (;;) {
        const end = await attempt(args, options);
        if (end.code === 0) return end.stdout;
        if (!PASSING.test(end.stderr) || systemClock.now() > last) throw failed(args, end);
        await systemClock.sleep(BETWEEN_MS);
      }
    },
    start: (args) => spawn(command, all(args), { stdio: ['ignore', 'pipe', 'pipe'], ...APART }),
  };
}

/** The operator's own, or the test cluster's where there is none on PATH. Error `kubectl-missing`. */
export function findKubectl(clusterFolder: string): string {
  if (spawnSync('kubectl', ['version', '--client']).status === 0) return 'kubectl';
  const own = join(clusterFolder, 'kubectl');
  if (existsSync(own)) return own;
  throw new GloveboxError({
    code: 'kubectl-missing',
    message: 'kubectl is not on PATH; install kubectl, then run again.',
  });
}

function contextMissing(): GloveboxError {
  return new GloveboxError({
    code: 'context-missing',
    message:
      'There is no current Kubernetes context; choose one with `kubectl config use-context NAME`, then run again.',
  });
}

function failed(args: readonly string[], { code, stderr }: CommandEnd): GloveboxError {
  const said = stderr.trim().split('\n').slice(0, 5).join(' ');
  return new GloveboxError({
    code: 'kubectl-failed',
    message: `\`kubectl ${args.slice(0, 3).join(' ')}\` ended with ${code ?? 'a signal'}: ${said || 'nothing said'}`,
  });
}
