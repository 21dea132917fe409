/**
 * Webhooks accepted per second, each a row in PostgreSQL before its answer, against a bare Probot handler that stores
 * nothing: the same signed payloads, the same number at once, each door in a process of its own.
 */
import { createHmac, randomUUID } from 'node:crypto';
import http from 'node:http';
import pg from 'pg';
import { WEBHOOK_PATH } from '../src/webhook/receive-webhook.ts';
import { webhookExamples } from '../test/fixtures/webhook-examples.ts';
import { createBenchDatabase } from './bench-database.ts';
import type { Ratio } from './ratio.ts';
import { type Child, startChild } from './start-child.ts';

const SECRET = 'secret-of-the-bench';
const WARM_UP = 300;
const CALLS = 2_000;
const AT_ONCE = 32;

/** Measures on a server where a database may be made; takes about ten seconds. */
export async function benchWebhooks(postgresUrl: string): Promise<readonly Ratio[]> {
  const database = await createBenchDatabase(postgresUrl);
  const children: Child[] = [];
  try {
    const bare = await startChild('webhooks-child.ts', ['probot', SECRET]);
    children.push(bare);
    const ours = await startChild('webhooks-child.ts', ['ours', SECRET, database.url]);
    children.push(ours);
    const bareRate = await acceptedPerSecond(bare);
    const ourRate = await acceptedPerSecond(ours);
    await expectRows(database.url, WARM_UP + CALLS);
    const detail = `${Math.round(ourRate)} a second, each stored in PostgreSQL, against ${Math.round(bareRate)} of a bare Probot handler; ${AT_ONCE} at once`;
    return [
      {
        label: 'webhooks accepted',
        value: ourRate / bareRate,
        unit: 'x',
        goal: 0.7,
        good: 'at-least',
        detail,
      },
    ];
  } finally {
    for (const child of children) child.stop();
    await database.drop();
  }
}

async function acceptedPerSecond(child: Child): Promise<number> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });
  try {
    await sendAll(child, agent, WARM_UP);
    const started = performance.now();
    await sendAll(child, agent, CALLS);
    return CALLS / ((performance.now() - started) / 1_000);
  } finally {
    agent.destroy();
  }
}

async function sendAll(child: Child, agent: http.Agent, calls: number): Promise<void> {
  let left = calls;
  const sendNext = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await send(child, agent);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sendNext));
}

const BODY = JSON.stringify(
  webhookExamples.find(({ event, action }) => event === 'issues' && action === 'labeled')?.payload,
);
const SIGNATURE = `sha256=${createHmac('sha256', SECRET).update(BODY).digest('hex')}`;

function send(child: Child, agent: http.Agent): Promise<void> {
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(BODY),
    'x-github-event': 'issues',
    'x-github-delivery': randomUUID(),
    'x-hub-signature-256': SIGNATURE,
  };
  return new Promise((resolve, reject) => {
    const request = http.request(
      `${child.url}${WEBHOOK_PATH}`,
      { agent, method: 'POST', headers },
      (response) => {
        const status = response.statusCode ?? 0;
        response.resume();
        response.on('end', () =>
          status >= 200 && status < 300
            ? resolve()
            : reject(new Error(`A webhook was answered with ${status}.`)),
        );
      },
    );
    request.on('error', reject);
    request.end(BODY);
  });
}

/** A door that answered without storing would be measured as fast. */
async function expectRows(url: string, expected: number): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query('select count(*)::int as n from delivery').finally(() => client.end());
  if (rows[0]?.n !== expected) throw new Error(`${rows[0]?.n} of ${expected} webhooks were stored.`);
}
