import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { chmodSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  attack,
  bubblewrapWorks,
  bwrapPath,
  openTestSandbox,
  type TestSandbox,
} from '../../fixtures/process-sandbox.ts';

let test: TestSandbox;
let tcp: { readonly server: Server; readonly port: number };
let gateway: Server;
const abstractName = `\0glovebox-test-${process.pid}`;
let abstractServer: Server;
const udp = createSocket('udp4');
let udpPort = 0;
let connections = 0;

beforeAll(async () => {
  test = await openTestSandbox();
  const server = createServer((socket) => socket.end('reached')).listen(0, '127.0.0.1');
  server.on('connection', (socket) => {
    connections++;
    socket.on('error', () => undefined);
  });
  tcp = { server, port: await portOf(server) };
  gateway = createServer((socket) => socket.end('gateway')).listen(test.options.gatewaySocket);
  await new Promise((resolve) => gateway.once('listening', resolve));
  chmodSync(test.options.gatewaySocket, 0o666);
  abstractServer = createServer((socket) => socket.end('reached')).listen(abstractName);
  // A name server that knows no name: its answer is what shows that it was reached.
  udp.on('message', (query, from) => {
    query[2] = 0x81;
    query[3] = 0x83;
    udp.send(query, from.port, from.address);
  });
  await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
  udpPort = udp.address().port;
});
afterAll(async () => {
  for (const server of [tcp.server, gateway, abstractServer]) server.close();
  udp.close();
  await test.close();
});

const connect = (target: string) => `
  import { connect } from 'node:net';
  export default (layout) => new Promise((resolve) => {
    const socket = connect(${target});
    socket.on('data', (data) => resolve(String(data)));
    socket.on('error', (error) => resolve(error.code));
    socket.setTimeout(2000, () => resolve('timeout'));
  });`;

const resolveName = () => `
  import { Resolver } from 'node:dns/promises';
  export default async () => {
    const resolver = new Resolver({ timeout: 500, tries: 1 });
    resolver.setServers(['127.0.0.1:${udpPort}']);
    return resolver.resolve4('example.com').then(String, (error) => error.code);
  };`;

describe.runIf(bubblewrapWorks)('inside bubblewrap the network is a socket to our gateway', () => {
  it('reaches the gateway', async () => {
    const { value } = await attack(test, 'bubblewrap', { module: connect('layout.gateway.socketPath') });
    expect(value).toBe('gateway');
  });

  it('verify does not even reach that', async () => {
    const module = connect('layout.gateway.socketPath');
    const { value } = await attack(test, 'bubblewrap', { module }, { phases: ['verify'], kind: 'verify' });
    expect(value).toBe('ENOENT');
  });

  it('INC-24: no phase reaches a server on this machine', async () => {
    for (const phase of ['fetch', 'setup', 'work', 'verify', 'deliver'] as const) {
      const module = connect(`${tcp.port}, '127.0.0.1'`);
      const { value } = await attack(test, 'bubblewrap', { module }, { phases: [phase] });
      expect(value).toBe('ECONNREFUSED');
    }
  });

  it('reaches no abstract socket of the host, no outside address and no name server', async () => {
    const abstract = await attack(test, 'bubblewrap', { module: connect(JSON.stringify(abstractName)) });
    const outside = await attack(test, 'bubblewrap', { module: connect("443, '192.0.2.1'") });
    const names = await attack(test, 'bubblewrap', { module: resolveName() });
    expect([abstract.value, outside.value, names.value]).toEqual([
      'ECONNREFUSED',
      'ENETUNREACH',
      'ECONNREFUSED',
    ]);
  });

  it.each([
    ['AF_VSOCK', 40, 1],
    ['AF_PACKET', 17, 3],
    ['AF_ALG', 38, 5],
    ['AF_BLUETOOTH', 31, 3],
  ])('makes no %s socket', async (_name, family, type) => {
    const { stdout } = await attack(test, 'bubblewrap', { shell: perlSocket(family, type) });
    expect(stdout).toBe('Address family not supported by protocol');
  });

  it('INC-18: no configuration of git and no transport of its reaches anything', async () => {
    const before = connections;
    const { stdout } = await attack(test, 'bubblewrap', { shell: gitAttempts() });
    expect(stdout).toBe('failed\nfailed\nfailed\n');
    expect(connections).toBe(before);
  });

  it('says so', async () => {
    const { job, seen } = await attack(test, 'bubblewrap', {});
    expect(job.network).toBe('nothing but our gateway');
    expect(seen[0]?.['layout']).toMatchObject({ fence: 'gateway-only' });
  });
});

describe('without the fence the same attacks succeed (counter-test)', () => {
  it('reaches a server, an abstract socket and a name server of this machine', async () => {
    const server = await attack(test, 'none', { module: connect(`${tcp.port}, '127.0.0.1'`) });
    const abstract = await attack(test, 'none', { module: connect(JSON.stringify(abstractName)) });
    const names = await attack(test, 'none', { module: resolveName() });
    expect([server.value, abstract.value, names.value]).toEqual(['reached', 'reached', 'ENOTFOUND']);
  });

  it('INC-18: git reaches a server of this machine whatever its configuration says of policy', async () => {
    const before = connections;
    await attack(test, 'none', { shell: gitAttempts() });
    expect(connections).toBeGreaterThan(before);
  });

  it('is said', async () => {
    const { job, seen } = await attack(test, 'none', {});
    expect(job.network).toBe('not fenced (isolation: none)');
    expect(seen[0]?.['layout']).toMatchObject({ fence: 'none' });
  });

  it.runIf(bubblewrapWorks)('an own network namespace alone gives AF_VSOCK as the host does', () => {
    const args = [
      '--unshare-all',
      '--ro-bind',
      '/',
      '/',
      '--dev',
      '/dev',
      '/bin/sh',
      '-c',
      perlSocket(40, 1),
    ];
    const { stdout } = spawnSync(bwrapPath ?? '', args, { encoding: 'utf8' });
    const without = spawnSync('/bin/sh', ['-c', perlSocket(40, 1)], { encoding: 'utf8' }).stdout;
    expect(stdout).toBe(without);
  });
});

/** Clones over http, over a proxy of its own and by a command as transport, all with policy switched off. */
function gitAttempts(): string {
  const git = 'GIT_CONFIG_GLOBAL=/dev/null git -c protocol.allow=always -c http.sslVerify=false';
  const url = `http://127.0.0.1:${tcp.port}/octo-org/clock.git`;
  const connectBy = `perl -MIO::Socket::INET -e 'exit(IO::Socket::INET->new(PeerAddr => q(127.0.0.1:${tcp.port})) ? 0 : 1)'`;
  return [
    `${git} clone -q ${url} a 2>/dev/null || echo failed`,
    `${git} -c http.proxy=http://127.0.0.1:${tcp.port} clone -q http://example.com/x.git b 2>/dev/null || echo failed`,
    `${git} clone -q "ext::sh -c exec% ${connectBy.replaceAll(' ', '% ')}" c 2>/dev/null || echo failed`,
  ].join('; ');
}

function perlSocket(family: number, type: number): string {
  return `perl -e 'socket(S, ${family}, ${type}, 0) ? print "made" : print "$!"'`;
}

function portOf(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.once('listening', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}
