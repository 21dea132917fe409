/**
 * Proves from the inside that nothing but our gateway answers: no canary takes a connection, no name server replies. A
 * policy may take effect late (measured: 50 to 600 ms), so it has some seconds to become true; then two looks in a row must
 * find nobody. What is blocked is silent, so a look lasts as long as its probes wait; the looks overlap, since a job's
 * first model call waits for them.
 */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { getServers } from 'node:dns';
import { connect, isIPv6 } from 'node:net';
import type { Clock } from '../../shared/clock.ts';

/** What is asked. Tests put their own servers behind it. */
export interface FenceProbe {
  /** `host:port` of each canary. */
  readonly canaries: readonly string[];
  /** Name servers, with or without a port; asked over UDP and TCP. */
  readonly nameServers: readonly string[];
  readonly clock: Clock;
  /** How long a late policy is waited for. */
  readonly patienceMs: number;
}

/** How long one probe waits for an answer. */
const PROBE_MS = 250;
/** The second look starts so much later than the first. */
const APART_MS = 50;
const AGAIN_MS = 50;

/** What answered although nothing may, e.g. `169.254.169.254:80`; null when the fence holds. */
export async function proveFence(probe: FenceProbe): Promise<string | null> {
  const until = probe.clock.now() + probe.patienceMs;
  for (;;) {
    const answered = await lookTwice(probe);
    if (answered === null || probe.clock.now() >= until) return answered;
    await probe.clock.sleep(AGAIN_MS);
  }
}

/** The name servers that the system itself would ask. */
export function systemNameServers(): string[] {
  return getServers();
}

/** Resolves at the first answer, or with null when both looks are over. */
async function lookTwice(probe: FenceProbe): Promise<string | null> {
  const over = new AbortController();
  try {
    return await Promise.race([firstAnswer(probe, over.signal), secondLook(probe, over.signal)]);
  } finally {
    over.abort();
  }
}

async function secondLook(probe: FenceProbe, over: AbortSignal): Promise<string | null> {
  await probe.clock.sleep(APART_MS);
  return Promise.race([firstAnswer(probe, over), silence(probe)]);
}

/**
 * A process that gets no CPU for a while finds its timers due before it looks at its sockets. So what came in meanwhile is
 * looked at first: `setImmediate` runs after that (docs of Node's event loop).
 */
async function silence({ clock }: FenceProbe): Promise<null> {
  await clock.sleep(PROBE_MS);
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  return null;
}

/** Stays open while nobody answers: the end of the looks ends it. */
function firstAnswer(probe: FenceProbe, over: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    if (over.aborted) return;
    for (const canary of probe.canaries) ask(addressOf(canary, 0), over, () => resolve(canary));
    for (const server of probe.nameServers) {
      const at = addressOf(server, 53);
      const name = `${hostPort(at)} (name server)`;
      ask(at, over, () => resolve(name));
      askName(at, over, () => resolve(name));
    }
  });
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `[v6]:port`, or an address alone. */
function addressOf(text: string, defaultPort: number): Address {
  const colon = text.lastIndexOf(':');
  if (colon === -1 || isIPv6(text)) return { host: text, port: defaultPort };
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}

function hostPort({ host, port }: Address): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A connection that is taken is an answer; a refusal comes from a fence as well as from a host. */
function ask({ host, port }: Address, over: AbortSignal, answered: () => void): void {
  const socket = connect({ host, port });
  socket.once('connect', answered);
  socket.on('error', () => {});
  over.addEventListener('abort', () => socket.destroy(), { once: true });
}

/** Even a refusal or "no such name" is an answer: names carry data out. */
function askName({ host, port }: Address, over: AbortSignal, answered: () => void): void {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  socket.on('error', () => {});
  socket.once('message', answered);
  socket.send(question(), port, host, () => {});
  over.addEventListener('abort', () => socket.close(), { once: true });
}

/** RFC 1035, 4.1: the A record of canary.example.com, recursion desired. */
function question(): Buffer {
  return Buffer.concat([
    randomBytes(2),
    Buffer.from([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    ...['canary', 'example', 'com'].flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]),
    Buffer.from([0, 0, 1, 0, 1]),
  ]);
}
