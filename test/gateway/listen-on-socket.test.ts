/** The gateway's unix socket on one machine: who may reach it, what stands at its path before, and what is never pushed aside. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GatewayListening, type GatewayServer, openGatewayServer } from '../../src/gateway/server.ts';
import { createLog } from '../../src/shared/log.ts';

const log = createLog('silent');

describe('the gateway server on a unix socket', () => {
  let folder: string;
  const servers: GatewayServer[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gb-'));
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close(0)));
    await rm(folder, { recursive: true });
  });

  async function open(where: GatewayListening): Promise<GatewayServer> {
    const server = await openGatewayServer(
      { sandboxRoutes: new Hono(), modelRoutes: new Hono(), log },
      where,
    );
    servers.push(server);
    return server;
  }
  const path = (): string => join(folder, 'run', 'gateway.sock');

  it('listens in a folder that others pass through but do not list, open to every uid', async () => {
    await open({ socketPath: path() });
    expect(await get(path(), '/healthz')).toBe('{"status":"ok"}');
    expect((await lstat(join(folder, 'run'))).mode & 0o777).toBe(0o711);
    expect((await lstat(path())).mode & 0o777).toBe(0o666);
  });

  it('is found again at the same path after a restart', async () => {
    await open({ socketPath: path() });
    await Promise.all(servers.splice(0).map((server) => server.close(0)));
    await open({ socketPath: path() });
    expect(await get(path(), '/healthz')).toBe('{"status":"ok"}');
  });

  it('takes the place of a socket that a killed gateway left', async () => {
    await leaveStaleSocket(path());
    expect((await lstat(path())).isSocket()).toBe(true);
    await open({ socketPath: path() });
    expect(await get(path(), '/healthz')).toBe('{"status":"ok"}');
  });

  it('does not push a gateway aside that answers', async () => {
    await open({ socketPath: path() });
    await expect(open({ socketPath: path() })).rejects.toMatchObject({ code: 'socket-in-use' });
    expect(await get(path(), '/healthz')).toBe('{"status":"ok"}');
  });

  it('does not delete what is no socket', async () => {
    await open({ socketPath: join(folder, 'run', 'other.sock') });
    await writeFile(path(), 'kept');
    await expect(open({ socketPath: path() })).rejects.toMatchObject({ code: 'socket-path-taken' });
    expect((await lstat(path())).isFile()).toBe(true);
  });

  it('refuses a path that does not fit into the address, counted in bytes', async () => {
    const long = join(folder, 'ä'.repeat(50));
    await expect(open({ socketPath: long })).rejects.toMatchObject({ code: 'socket-path-too-long' });
  });

  it('leaves no TCP port behind when the socket cannot be had', async () => {
    const { port, close } = await open({ tcp: { host: '127.0.0.1', port: 0 } });
    await close(0);
    const tcp = { host: '127.0.0.1', port: port ?? 0 };
    const socketPath = join(folder, 'ä'.repeat(50));
    await expect(open({ tcp, socketPath })).rejects.toMatchObject({ code: 'socket-path-too-long' });
    await expect(open({ tcp })).resolves.toMatchObject({ port });
  });
});

async function get(socketPath: string, path: string): Promise<string> {
  const request = httpRequest({ socketPath, path, agent: false });
  request.end();
  const [response] = await once(request, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** A process that listens and is killed leaves its socket behind. */
async function leaveStaleSocket(path: string): Promise<void> {
  const script = `require('fs').mkdirSync(require('path').dirname(process.argv[1]),{recursive:true});
    require('net').createServer().listen(process.argv[1], () => process.stdout.write('up'))`;
  const child = spawn(process.execPath, ['-e', script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
}
