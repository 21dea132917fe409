/**
 * The gateway's price per call: latency (p50, p99) and CPU against a bare Node pass-through proxy, in one run, each in a
 * process of its own before the same upstream, which answers at once. A real model takes seconds; here all time is ours.
 */
import http from 'node:http';
import { createBenchDatabase } from './bench-database.ts';
import { requestBody } from './gateway-load.ts';
import type { Ratio } from './ratio.ts';
import { type Child, startChild } from './start-child.ts';

/** Until the engine has compiled what runs: a gateway runs for days. */
const WARM_UP = 600;
const CALLS = 400;
const CALLS_A_TURN = 20;

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
    const asked = { bare, gateway, durable };
    return [
      ...(await compareAll({ ...asked, stream: false })),
      ...(await compareAll({ ...asked, stream: true })),
    ];
  } finally {
    for (const child of children) child.stop();
    await database?.drop();
  }
}

interface Asked {
  readonly bare: Child;
  readonly gateway: Child;
  /** Null on PGlite. */
  readonly durable: Child | null;
  readonly stream: boolean;
}

async function compareAll({ bare, gateway, durable, stream }: Asked): Promise<readonly Ratio[]> {
  const children = [bare, gateway, ...(durable ? [durable] : [])];
  const [least, ours, floor] = await measureInTurns(children.map((child) => new Target(child, stream)));
  if (!least || !ours) throw new Error('Nothing was measured.');
  return [
    ...compare({ stream, least, ours, postgres: durable !== null }),
    ...(floor ? compareFloor({ stream, least, floor, ours }) : []),
  ];
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

/** No call without money on disk: a gateway cannot be nearer to a bare proxy than one durable write before a call allows. */
function compareFloor({ stream, least, floor, ours }: Compared & { readonly floor: Measured }): Ratio[] {
  const kind = kindOf(stream);
  const over = { unit: 'x', goal: 1.5, good: 'at-most' } as const;
  return [
    {
      label: `${kind} floor`,
      value: floor.p50Ms / least.p50Ms,
      ...over,
      goal: null,
      detail: `p50 of a bare proxy with one durable insert before a call, over one without (docs/adr/0007); p50 ${floor.p50Ms.toFixed(2)} ms, CPU ${floor.cpuMs.toFixed(2)} ms`,
    },
    {
      label: `${kind} p50 over floor`,
      value: ours.p50Ms / floor.p50Ms,
      ...over,
      detail: "the gateway's p50 over that proxy's",
    },
    {
      label: `${kind} CPU over floor`,
      value: ours.cpuMs / floor.cpuMs,
      ...over,
      detail: "the gateway's CPU a call over that proxy's",
    },
  ];
}

/** In turns of a few calls each, so that what else the machine does meets all of them alike. */
async function measureInTurns(targets: readonly Target[]): Promise<readonly Measured[]> {
  try {
    for (const target of targets) await target.callOften(WARM_UP);
    const before = await Promise.all(targets.map((target) => target.child.cpuMs()));
    for (const target of targets) target.times.length = 0;
    for (let done = 0; done < CALLS; done += CALLS_A_TURN) {
      for (const target of targets) await target.callOften(CALLS_A_TURN);
    }
    const after = await Promise.all(targets.map((target) => target.child.cpuMs()));
    return targets.map((target, index) => target.measured((after[index] ?? 0) - (before[index] ?? 0)));
  } finally {
    for (const target of targets) target.agent.destroy();
  }
}

/** One process under load, over one kept-alive connection. */
class Target {
  readonly child: Child;
  readonly agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  readonly times: number[] = [];
  private readonly stream: boolean;
  private calls = 0;

  constructor(child: Child, stream: boolean) {
    this.child = child;
    this.stream = stream;
  }

  async callOften(times: number): Promise<void> {
    for (let index = 0; index < times; index += 1) {
      this.calls += 1;
      const body = requestBody(this.calls, this.stream);
      this.times.push(await post({ agent: this.agent, child: this.child, body }));
    }
  }

  measured(cpuMs: number): Measured {
    const sorted = this.times.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0;
    return { p50Ms: at(0.5), p99Ms: at(0.99), cpuMs: cpuMs / sorted.length };
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
