/**
 * The gateway's HTTP server: model calls and sandbox calls behind one origin, on TCP and on a unix socket, with the
 * timeouts that keep a slow or broken client from harming anybody else. Built by `cmd/`, which owns its end.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { isHealthPath, readHealth } from '../shared/health.ts';
import type { Log } from '../shared/log.ts';
import type { Readiness } from '../shared/readiness.ts';
import { cutOnError } from './cut-on-error.ts';
import { listenOnSocket } from './listen-on-socket.ts';
import { pathOf } from './path-of.ts';

/** What an app is told of the connection that a request came over; on a unix socket there is no address. */
export interface ConnectionFacts {
  readonly remoteAddress: string | undefined;
}

/** Anything that answers a web request: a Hono app. */
export interface WebApp {
  fetch(request: Request, connection: ConnectionFacts): Response | Promise<Response>;
}

/** Anything that answers on Node's own objects: what is called so often that web streams would be most of its price. */
export interface NodeApp {
  /** Answers, whatever happens; never throws. */
  handle(incoming: IncomingMessage, outgoing: ServerResponse): void;
}

export interface GatewayServerDeps {
  readonly sandboxRoutes: WebApp;
  /** Answers everything under `/v1/`. */
  readonly modelRoutes: WebApp | NodeApp;
  /** For `/readyz`; left out, it is ready as long as it takes calls. */
  readonly readiness?: Readiness;
  readonly log: Log;
}

/** Where to listen; both may be given. `port` 0 takes a free one. */
export interface GatewayListening {
  readonly tcp?: { readonly host: string; readonly port: number };
  readonly socketPath?: string;
  readonly timeouts?: Partial<GatewayTimeouts>;
}

/** Bounds of one connection, in milliseconds. */
export interface GatewayTimeouts {
  /** Until the headers are in. */
  readonly headersMs: number;
  /** Until the whole request is in, body included. */
  readonly requestMs: number;
  /** Without a byte in either direction; over the longest silence of a waiting model call. */
  readonly idleMs: number;
  /** How often connections are checked against the first two. */
  readonly checkEveryMs: number;
}

/** A listening gateway. */
export interface GatewayServer {
  /** The TCP port, or null. */
  readonly port: number | null;
  /** Takes no new calls, lets those in flight end for at most `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>;
}

const TIMEOUTS: GatewayTimeouts = {
  headersMs: 10_000,
  requestMs: 120_000,
  idleMs: 600_000,
  checkEveryMs: 5_000,
};
const MAX_CONNECTIONS = 4_000;
const IS_READY: Readiness = async () => null;
const IS_ENDING: Readiness = async () => 'ending';

/** Starts listening. Errors: `socket-path-too-long`, `socket-in-use`, `socket-path-taken`, or node's own (a busy port). */
export async function openGatewayServer(
  deps: GatewayServerDeps,
  where: GatewayListening,
): Promise<GatewayServer> {
  const state = { draining: false };
  const servers: Server[] = [];
  const build = (): Server => buildServer(deps, { ...TIMEOUTS, ...where.timeouts }, state);
  let port: number | null = null;
  try {
    if (where.tcp) {
      const server = build();
      port = await listenOnTcp(server, where.tcp);
      servers.push(server);
    }
    if (where.socketPath !== undefined) {
      const server = build();
      await listenOnSocket(server, where.socketPath);
      servers.push(server);
    }
  } catch (error) {
    await Promise.all(servers.map((server) => closeServer(server, 0)));
    throw error;
  }
  return {
    port,
    close: async (graceMs) => {
      state.draining = true;
      await Promise.all(servers.map((server) => closeServer(server, graceMs)));
    },
  };
}

function buildServer(
  deps: GatewayServerDeps,
  timeouts: GatewayTimeouts,
  state: { readonly draining: boolean },
): Server {
  const listener = getRequestListener(
    async (request, env) => {
      const { outgoing } = httpBindings(env);
      const call = { request, connection: { remoteAddress: outgoing.socket?.remoteAddress } };
      return cutOnError(await route(deps, call, state.draining), outgoing);
    },
    { overrideGlobalObjects: false, errorHandler: (error) => answerDefect(deps.log, error) },
  );
  const server = createServer(
    {
      headersTimeout: timeouts.headersMs,
      requestTimeout: timeouts.requestMs,
      connectionsCheckingInterval: timeouts.checkEveryMs,
    },
    (incoming, outgoing) => {
      outgoing.once('close', () => {
        if (state.draining) server.closeIdleConnections();
      });
      if (state.draining) outgoing.shouldKeepAlive = false;
      const { modelRoutes } = deps;
      if ('handle' in modelRoutes && isModelPath(pathOf(incoming.url)))
        modelRoutes.handle(incoming, outgoing);
      else void listener(incoming, outgoing);
    },
  );
  server.timeout = timeouts.idleMs;
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

function route(
  deps: GatewayServerDeps,
  { request, connection }: { readonly request: Request; readonly connection: ConnectionFacts },
  draining: boolean,
): Response | Promise<Response> {
  const { pathname } = new URL(request.url);
  if (isHealthPath(pathname)) return health(pathname, draining ? IS_ENDING : (deps.readiness ?? IS_READY));
  const { modelRoutes, sandboxRoutes } = deps;
  return isModelPath(pathname) && 'fetch' in modelRoutes
    ? modelRoutes.fetch(request, connection)
    : sandboxRoutes.fetch(request, connection);
}

async function health(path: '/healthz' | '/readyz', readiness: Readiness): Promise<Response> {
  const { status, body } = await readHealth(path, readiness);
  return Response.json(body, { status });
}

function isModelPath(path: string): boolean {
  return path.startsWith('/v1/');
}

function httpBindings(env: HttpBindings | object): { readonly outgoing: ServerResponse } {
  if ('outgoing' in env && 'incoming' in env && isServerResponse(env.outgoing))
    return { outgoing: env.outgoing };
  throw new Error('The gateway speaks HTTP/1.1 only.');
}

function isServerResponse(value: unknown): value is ServerResponse {
  return value instanceof Object && 'shouldKeepAlive' in value;
}

/** Nothing of an unexpected error is told to a client. */
function answerDefect(log: Log, error: unknown): Response {
  log.error({ err: error }, 'a call to the gateway failed unexpectedly');
  return Response.json(
    { error: { code: 'unavailable', message: 'Not possible now: try again.' } },
    { status: 503 },
  );
}

function listenOnTcp(server: Server, { host, port }: { host: string; port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(portOf(server.address()));
    });
  });
}

function portOf(address: AddressInfo | string | null): number {
  return address !== null && typeof address === 'object' ? address.port : 0;
}

function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
