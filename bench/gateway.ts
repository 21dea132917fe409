/**
 * The gateway's price per call: latency (p50, p99) and CPU against a bare Node pass-through proxy, in one run, each in a
 * process of its own before the same upstream, which answers at once. A real model takes seconds; here all time is ours.
 */
import { type ChildProcess, fork } from 'node:child_process';
import http from 'node:http';
import pg from 'pg';
import { z } from 'zod';
import { requestBody } from './gateway-load.ts';
import type { Ratio } from './ratio.ts';

const WARM_UP = 150;
const CALLS = 400;

export interface GatewayBenchOptions {
  /** A server on which a database may be made; null runs on PGlite, whose own CPU then counts as the gateway's. */
  readonly postgresUrl: string | null;
}

/** Measures; takes about ten seconds. */
export async function benchGateway(options: GatewayBenchOptions): Promise<readonly Ratio[]> {
  const database = options.postgresUrl === null ? null : await createDatabase(options.postgresUrl);
  const children: Child[] = [];
  try {
    const upstream = await start(children, ['upstream']);
    const bare = await start(children, ['bare', upstream.url]);
    const gateway = await start(children, ['gateway', upstream.url, database?.url ?? '']);
    const ratios: Ratio[] = [];
    for (const stream of [false, true]) {
      ratios.push(
        ...compare(stream, await measure(bare, stream), await measure(gateway, stream), database !== null),
      );
    }
    return ratios;
  } finally {
    for (const child of children) child.process.disconnect();
    await database?.drop();
  }
}

interface Measured {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMs: number;
}

function compare(stream: boolean, bare: Measured, gateway: Measured, postgres: boolean): Ratio[] {
  const kind = `gateway ${stream ? 'SSE' : 'JSON'}`;
  const store = postgres ? 'PostgreSQL' : 'PGlite, its CPU included';
  const against = (key: keyof Measured) =>
    `${gateway[key].toFixed(2)} ms against ${bare[key].toFixed(2)} ms of a bare proxy; 47 KB, ${store}, upstream answers at once`;
  return [
    {
      label: `${kind} p50`,
      value: gateway.p50Ms / bare.p50Ms,
      unit: 'x',
      goal: 1.5,
      detail: against('p50Ms'),
    },
    {
      label: `${kind} p99`,
      value: gateway.p99Ms / bare.p99Ms,
      unit: 'x',
      goal: 1.5,
      detail: against('p99Ms'),
    },
    { label: `${kind} CPU`, value: gateway.cpuMs, unit: 'ms', goal: 0.6, detail: against('cpuMs') },
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

interface Child {
  readonly process: ChildProcess;
  readonly url: string;
  readonly token: string;
  cpuMs(): Promise<number>;
}

const Started = z.object({ port: z.int(), token: z.string() });
const Cpu = z.object({ cpu: z.object({ user: z.number(), system: z.number() }) });

async function start(children: Child[], args: string[]): Promise<Child> {
  const process = fork(new URL('gateway-child.ts', import.meta.url), args);
  const { port, token } = Started.parse(await nextMessage(process));
  const child = {
    process,
    url: `http://127.0.0.1:${port}`,
    token,
    cpuMs: async () => {
      process.send('cpu');
      const { cpu } = Cpu.parse(await nextMessage(process));
      return (cpu.user + cpu.system) / 1_000;
    },
  };
  children.push(child);
  return child;
}

function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`A process of the bench ended with ${code}.`)));
  });
}

async function createDatabase(serverUrl: string): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `glovebox_bench_${process.pid}`;
  await onServer(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onServer(serverUrl, `drop database ${name} with (force)`) };
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}
