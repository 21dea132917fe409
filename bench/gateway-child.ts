/**
 * One process under measurement, started by `gateway.ts`: the fake upstream, the bare pass-through proxy with or without
 * a durable write, or the gateway.
 */
import http from 'node:http';
import { SHIPPED_PRICES } from '../src/config/model-catalogue.ts';
import { watchJobClosings } from '../src/gateway/job-closings.ts';
import { createLocalIdentity } from '../src/gateway/local-identity.ts';
import { anthropicUpstream } from '../src/gateway/model/anthropic-upstream.ts';
import { MODEL_LIMITS } from '../src/gateway/model/model-deps.ts';
import { modelRoutes } from '../src/gateway/model/model-routes.ts';
import { payerReader } from '../src/gateway/model/read-payer.ts';
import { exactScrub } from '../src/gateway/model/scrub-strings.ts';
import { openGatewayServer } from '../src/gateway/server.ts';
import { reserveOpen } from '../src/ledger/reserve-open.ts';
import { systemClock } from '../src/shared/clock.ts';
import { systemRandom } from '../src/shared/ids.ts';
import { createLog } from '../src/shared/log.ts';
import { openDatabase } from '../src/task/open-database.ts';
import { checkPhase } from '../src/task/store/check-phase.ts';
import { bareProxy, durableWrite } from './bare-proxy.ts';
import { answerBody, streamBody } from './gateway-load.ts';
import { listen, reportToParent } from './report-to-parent.ts';
import { seedWorkJob } from './seed-work-job.ts';

const [, , role = '', upstreamUrl = '', databaseUrl = ''] = process.argv;

function startUpstream(): Promise<number> {
  const server = http.createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const streamed = Buffer.concat(pieces).includes('"stream":true');
      const type = streamed ? 'text/event-stream' : 'application/json';
      response.writeHead(200, { 'content-type': type, 'request-id': 'req_bench' });
      if (!streamed) return response.end(answerBody());
      for (const event of streamBody()) response.write(event);
      return response.end();
    });
  });
  return listen(server);
}

async function startGateway(): Promise<{ port: number; token: string }> {
  const store =
    databaseUrl === ''
      ? await openDatabase({ kind: 'pglite', folder: 'memory' })
      : await openDatabase({ kind: 'postgres', url: databaseUrl, maxConnections: 10 });
  const { db } = store;
  const token = await seedWorkJob(db);
  const log = createLog('error');
  const none = { day: null, month: null };
  const routes = modelRoutes({
    db,
    clock: systemClock,
    random: systemRandom,
    log,
    identity: createLocalIdentity({ db }),
    checkPhase,
    reserveOpen,
    closings: watchJobClosings({ db, clock: systemClock, log }),
    payerOf: payerReader({ db, clock: systemClock }),
    caps: () => ({ repository: none, organisation: none, teams: {} }),
    prices: () => new Map(Object.entries(SHIPPED_PRICES)),
    pricedFeatures: {},
    upstream: anthropicUpstream({ baseUrl: upstreamUrl, apiKey: 'sk-bench-key-0123456789' }),
    scrub: exactScrub(['sk-bench-key-0123456789']),
    audit: async () => {},
    recordRefusal: async () => {},
    gateway: 'bench',
    limits: MODEL_LIMITS,
  });
  const sandboxRoutes = { fetch: () => new Response(null, { status: 404 }) };
  const server = await openGatewayServer(
    { sandboxRoutes, modelRoutes: routes.app, log },
    { tcp: { host: '127.0.0.1', port: 0 } },
  );
  return { port: server.port ?? 0, token };
}

const ROLES: Readonly<Record<string, () => Promise<{ port: number; token: string }>>> = {
  upstream: async () => ({ port: await startUpstream(), token: 'none' }),
  bare: async () => ({ port: await listen(bareProxy(upstreamUrl)), token: 'none' }),
  durable: async () => ({
    port: await listen(bareProxy(upstreamUrl, await durableWrite(databaseUrl))),
    token: 'none',
  }),
  gateway: startGateway,
};

const begin = ROLES[role];
if (begin === undefined)
  throw new Error(`Unknown role '${role}': expected ${Object.keys(ROLES).join(', ')}.`);
reportToParent(await begin());
