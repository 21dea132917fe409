/** The bot's HTTP server for webhooks, with time limits against slow senders. Other handlers may be put behind it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Webhooks } from '@octokit/webhooks';
import { isHealthPath, readHealth } from '../shared/health.ts';
import type { Log } from '../shared/log.ts';
import type { Readiness } from '../shared/readiness.ts';
import type { Db } from '../task/open-database.ts';
import { insertDeliveries } from '../task/store/insert-delivery.ts';
import { createDeliveryWriter } from './delivery-writer.ts';
import { receiveWebhook } from './receive-webhook.ts';

/** A webhook is stored in milliseconds; what takes longer is cut, and GitHub's list of failed deliveries has it. */
const CLOSE_GRACE_MS = 3_000;

/** Handles a request that is for it, else answers false. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

export interface WebhookServerOptions {
  readonly db: Db;
  /** The App's webhook secret; an empty one is refused. */
  readonly secret: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly wake: () => void;
  readonly log: Log;
  /** For `/readyz`; left out, it is ready as long as it listens. */
  readonly readiness?: Readiness;
  /** Asked in order for what is no webhook. */
  readonly others?: readonly RequestHandler[];
}

/** A server that listens; `close` answers what it has begun to read, for a few seconds, and ends. */
export interface WebhookServer {
  readonly url: string;
  readonly port: number;
  /** From now on it says that it is not ready, and still takes what comes. */
  leave(): void;
  close(): Promise<void>;
}

/** The webhook's handler alone, for a server of one's own. */
function webhookHandler(
  options: Pick<WebhookServerOptions, 'db' | 'secret' | 'wake' | 'log'>,
): RequestHandler {
  const { db, wake, log } = options;
  const webhooks = new Webhooks({ secret: options.secret });
  const deps = {
    verify: (body: string, signature: string) => webhooks.verify(body, signature),
    store: createDeliveryWriter((deliveries) => insertDeliveries(db, deliveries)),
    wake,
    log,
  };
  return (request, response) => receiveWebhook(deps, request, response);
}

/** Starts to listen. Errors: Node's, e.g. `EADDRINUSE`. */
export async function startWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const readiness = options.readiness ?? (async () => null);
  let isLeaving = false;
  const health = healthHandler(async () => (isLeaving ? 'ending' : readiness()));
  const handlers = [health, webhookHandler(options), ...(options.others ?? [])];
  const server = createServer((request, response) => {
    dispatch(handlers, request, response).catch((error: unknown) => {
      options.log.error({ err: error }, 'a request failed');
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 15_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    url: `http://${options.host}:${port}`,
    port,
    leave: () => {
      isLeaving = true;
    },
    close: () => closeServer(server),
  };
}

function healthHandler(readiness: Readiness): RequestHandler {
  return async ({ method, url = '' }, response) => {
    const path = url.split('?')[0] ?? '';
    if (method !== 'GET' || !isHealthPath(path)) return false;
    const { status, body } = await readHealth(path, readiness);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    return true;
  };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}

async function dispatch(
  handlers: readonly RequestHandler[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const handler of handlers) if (await handler(request, response)) return;
  response.writeHead(404).end('not found\n');
}
