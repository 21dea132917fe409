/**
 * The gateway's price per call: latency (p50, p99) and CPU against a bare Node pass-through proxy, in one run, each in a
 * process of its own before the same upstream, which answers at once. A real model takes seconds; here all time is ours.
 */
import http from 'node:http';
import { createBenchDatabase } from './bench-database.ts';
import { requestBody } from './gateway-load.ts';
import type { Ratio } from './ratio.ts';
import { type Child, startChild } from './start-child.ts';

const WARM_UP = 150;
const CALLS = 400;

export interface GatewayBenchOptions {
  /** A server on which a database may be made; null runs on PGlite, whose own CPU then counts as the gateway's. */
  readonly postgresUrl: string | null;
}

/** Measures; takes about fifteen seconds. */
export async function benchGateway(options: GatewayBenchOptions): Promise<readonly Ratio[]> {
  const database = options.postgresUrl === null ? null : await createBenchDatabase(options.postgresUrl);
  const children: Child[] = [];
  const start = async (...args: string[]) => {
    const child = await startChild('gateway-child.ts', args);
    children.push(child);
    return child;
  };
  try {
    const upstream = await start('upstream');
    const bare = await start('bare', upstream.url);
    const durable = database && (await start('durable', upstream.url, database.url));
    const gateway = await start('gateway', upstream.url, database?.url ?? '');
    const ratios: Ratio[] = [];
    for (const stream of [false, true]) {
      const least = await measure(bare, stream);
      const floor = durable && (await measure(durable, stream));
      const ours = await measure(gateway, stream);
      ratios.push(...compare({ stream, least, ours, postgres: database !== null }));
      if (floor) ratios.push(...compareFloor({ stream, least, floor, ours }));
    }
    return ratios;
  } finally {
    for (const child of children) child.stop();
    await database?.drop();
  }
}

interface Measured {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMs: number;
}

interface Compared {
  readonly stream: boolean;
  readonly least: Measured;
  readonly ours: Measured;
}

function kindOf(stream: boolean): string {
  return `gateway ${stream ? 'SSE' : 'JSON'}`;
}

function compare({ stream, least, ours, postgres }: Compared & { readonly postgres: boolean }): Ratio[] {
  const kind = kindOf(stream);
  const store = postgres ? 'PostgreSQL' : 'PGlite, its CPU included';
  const good = 'at-most' as const;
  const against = (key: keyof Measured) =>
    `${ours[key].toFixed(2)} ms against ${least[key].toFixed(2)} ms of a bare proxy; 47 KB, ${store}, upstream answers at once`;
  const ratio = (key: 'p50Ms' | 'p99Ms') =>
    ({ value: ours[key] / least[key], unit: 'x', goal: 1.5, good, detail: against(key) }) as const;
  return [
    { label: `${kind} p50`, ...ratio('p50Ms') },
    { label: `${kind} p99`, ...ratio('p99Ms') },
    { label: `${kind} CPU`, value: ours.cpuMs, unit: 'ms', goal: 0.6, good, detail: against('cpuMs') },
  ];
}

/** A call that two durable writes enclose cannot be nearer to a bare proxy than these two writes allow. */
function compareFloor({ stream, least, floor, ours }: Compared & { readonly floor: Measured }): Ratio[] {
  const told = { unit: 'x', goal: null, good: 'at-most' } as const;
  const p50 = `p50 ${floor.p50Ms.toFixed(2)} ms, CPU ${floor.cpuMs.toFixed(2)} ms`;
  return [
    {
      label: `${kindOf(stream)} floor`,
      value: floor.p50Ms / least.p50Ms,
      ...told,
      detail: `p50 of a bare proxy with one insert before and one update after a call, over one without; ${p50}`,
    },
    {
      label: `${kindOf(stream)} over floor`,
      value: ours.p50Ms / floor.p50Ms,
      ...told,
      detail: "the gateway's p50 over that proxy's",
    },
  ];
}

async function measure(child: Child, stream: boolean): Promise<Measured> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const call = (index: number) => post({ agent, child, body: requestBody(index, stream) });
  try {
    for (let index = 0; index < WARM_UP; index += 1) await call(index);
    const before = await child.cpuMs();
    const times: number[] = [];
    for (let index = 0; index < CALLS; index += 1) times.push(await call(WARM_UP + index));
    const cpuMs = ((await child.cpuMs()) - before) / CALLS;
    times.sort((a, b) => a - b);
    return { p50Ms: times[Math.floor(CALLS * 0.5)] ?? 0, p99Ms: times[Math.floor(CALLS * 0.99)] ?? 0, cpuMs };
  } finally {
    agent.destroy();
  }
}

function post({ agent, child, body }: { agent: http.Agent; child: Child; body: string }): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${child.token}`,
      'content-type': 'application/json',
      'content-length': body.length,
    };
    const request = http.request(
      `${child.url}/v1/messages`,
      { agent, method: 'POST', headers },
      (response) => {
        response.on('data', () => {});
        response.on('end', () =>
          response.statusCode === 200
            ? resolve(performance.now() - started)
            : reject(new Error(`The call was answered with ${response.statusCode}.`)),
        );
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
