/**
 * One watch to its end, whatever that is. Made of the client's own requests, but not of its `Watch`, which swallows what
 * its callback throws and ends after 30 s of silence, where a bookmark comes once a minute.
 */
import {
  HttpMethod,
  IsomorphicFetchHttpLibrary,
  type KubeConfig,
  RequestContext,
  type ResponseContext,
} from '@kubernetes/client-node';
import { z } from 'zod';
import type { WatchFrom } from './kube-cluster.ts';
import { kubeError } from './kube-error.ts';

/** A watch sends a bookmark each minute; one that says nothing for longer is dead. */
const SILENCE_MS = 90_000;
const EXPIRED = 410;

const Line = z.object({ type: z.string(), object: z.unknown() });
/** One line of the stream. */
export type WatchLine = z.infer<typeof Line>;

/** An error event carries a Status instead of an object. */
const ErrorStatus = z.object({ code: z.number() });

interface Wish extends WatchFrom {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
}

/** Resolves as `KubeCluster.watch` says; rejects with `kubernetes-*`, or with what `hear` threw. */
export async function watchPath(
  config: KubeConfig,
  wish: Wish,
  hear: (line: WatchLine) => void,
): Promise<'ended' | 'expired'> {
  const alive = aliveSignal(wish.signal);
  try {
    const response = await request(config, wish, alive.signal);
    if (response.httpStatusCode === EXPIRED) return 'expired';
    if (response.httpStatusCode !== 200)
      throw new Error(`the API server answered ${response.httpStatusCode}`);
    for await (const line of linesOf(response, alive.renew)) {
      if (line.type === 'ERROR') return errorEvent(line.object);
      hear(line);
    }
    return 'ended';
  } catch (error) {
    if (alive.signal.aborted) return 'ended';
    throw kubeError(`watch '${wish.path}'`, error);
  } finally {
    alive.end();
  }
}

/** Aborts with the caller's signal, when nothing was heard for too long, and at the end, so that no connection stays. */
function aliveSignal(stop: AbortSignal) {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), SILENCE_MS);
  return {
    signal: AbortSignal.any([stop, silence.signal]),
    renew: () => void timer.refresh(),
    end: () => {
      clearTimeout(timer);
      silence.abort();
    },
  };
}

async function request(config: KubeConfig, wish: Wish, signal: AbortSignal): Promise<ResponseContext> {
  const context = new RequestContext(`${config.getCurrentCluster()?.server}${wish.path}`, HttpMethod.GET);
  for (const [name, value] of Object.entries(wish.query)) context.setQueryParam(name, value);
  context.setQueryParam('watch', 'true');
  context.setQueryParam('allowWatchBookmarks', 'true');
  context.setQueryParam('resourceVersion', wish.resourceVersion);
  context.setQueryParam('timeoutSeconds', String(wish.timeoutSeconds));
  context.setSignal(signal);
  await config.applySecurityAuthentication(context);
  return new IsomorphicFetchHttpLibrary().send(context).toPromise();
}

async function* linesOf(response: ResponseContext, renew: () => void): AsyncGenerator<WatchLine> {
  const stream = response.body.stream();
  if (stream === null) return;
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    renew();
    const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield Line.parse(JSON.parse(line));
  }
}

/** Anything but an expired version: the server ended it, and it is begun again. */
function errorEvent(object: unknown): 'ended' | 'expired' {
  const status = ErrorStatus.safeParse(object);
  return status.success && status.data.code !== EXPIRED ? 'ended' : 'expired';
}
