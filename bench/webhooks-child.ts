/** One webhook door under measurement, started by `webhooks.ts`: ours on PostgreSQL, or a bare Probot handler that stores nothing. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createNodeMiddleware, Probot } from 'probot';
import { createLog } from '../src/shared/log.ts';
import { openDatabase } from '../src/task/open-database.ts';
import { WEBHOOK_PATH } from '../src/webhook/receive-webhook.ts';
import { startWebhookServer } from '../src/webhook/webhook-server.ts';
import { listen, reportToParent } from './report-to-parent.ts';

const [, , role = '', secret = '', databaseUrl = ''] = process.argv;

async function startOurs(): Promise<number> {
  const { db } = await openDatabase({ kind: 'postgres', url: databaseUrl, maxConnections: 10 });
  const log = createLog('error');
  const server = await startWebhookServer({ db, secret, host: '127.0.0.1', port: 0, wake: () => {}, log });
  return server.port;
}

async function startProbot(): Promise<number> {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const probot = new Probot({ appId: 1, privateKey, secret, logLevel: 'error' });
  const middleware = await createNodeMiddleware((app) => void app.on('issues.labeled', () => {}), {
    probot,
    webhooksPath: WEBHOOK_PATH,
  });
  return listen(createServer((request, response) => void middleware(request, response)));
}

reportToParent({ port: await (role === 'ours' ? startOurs() : startProbot()), token: 'none' });
