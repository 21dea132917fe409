/** Forwards that end come back on the same port; kubectl is played by a process that listens as kubectl does, and can die. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openKubectl } from '../../../demo/cluster/kubectl.ts';
import { type PortForward, startPortForward } from '../../../demo/cluster/port-forward.ts';

/** Answers each connection with its own pid, and writes down how it was called. */
const KUBECTL = `#!${process.execPath}
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:net';
const args = process.argv.slice(2);
if (args[0] === 'config') { console.log('played'); process.exit(0); }
appendFileSync(import.meta.filename + '.calls', args.join(' ') + '\\n');
const [local, remote] = args.at(-1).split(':');
const server = createServer((socket) => socket.end(String(process.pid)));
server.listen(Number(local || 0), '127.0.0.1', () =>
  console.log('Forwarding from 127.0.0.1:' + server.address().port + ' -> ' + remote));
`;

let folder: string;
let forward: PortForward | null = null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'port-forward-'));
  writeFileSync(join(folder, 'kubectl'), KUBECTL);
  chmodSync(join(folder, 'kubectl'), 0o755);
});
afterEach(async () => {
  await forward?.close();
  forward = null;
  rmSync(folder, { recursive: true, force: true });
});

const open = async (): Promise<PortForward> => {
  forward = await startPortForward(openKubectl(join(folder, 'kubectl')), {
    namespace: 'glovebox',
    target: 'pod/demo',
    port: 9090,
  });
  return forward;
};

it('takes any free port, and says what a person would type for the same', async () => {
  const { localPort, command } = await open();
  expect(await pidBehind(localPort)).toBeGreaterThan(0);
  expect(command).toBe('kubectl -n glovebox port-forward pod/demo 9090');
});

it('comes back on the same port when kubectl ends, with the context that it began with', async () => {
  const { localPort } = await open();
  const first = await pidBehind(localPort);
  if (first !== null) process.kill(first, 'SIGKILL');
  let second: number | null = null;
  while (second === null || second === first) second = await pidBehind(localPort);
  const calls = readFileSync(join(folder, 'kubectl.calls'), 'utf8').trim().split('\n');
  const target = '--context played -n glovebox port-forward pod/demo';
  expect(calls).toEqual([`${target} :9090`, `${target} ${localPort}:9090`]);
});

it('ends its kubectl when it is closed', async () => {
  const { localPort, close } = await open();
  const pid = (await pidBehind(localPort)) ?? 0;
  await close();
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

/** Null while nobody listens. */
function pidBehind(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1');
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', () => resolve(null));
    socket.on('end', () => resolve(Number(text)));
  });
}
