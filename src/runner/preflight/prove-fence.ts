/**
 * Proves from the inside that nothing but our gateway answers: no canary takes a connection and no name server replies.
 * A network policy may take effect late, so it has some seconds to become true; then it must hold twice.
 */
import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import type { Clock } from '../../shared/clock.ts';

/** What is asked. Tests put their own servers behind it. */
export interface FenceProbe {
  /** `host:port` of each canary. */
  readonly canaries: readonly string[];
  /** Null: the system's own servers. */
  readonly nameServers: readonly string[] | null;
  readonly clock: Clock;
  /** How long a late policy is waited for. */
  readonly patienceMs: number;
}

const PROBE_MS = 1_000;
/** Looks in a row that must find nothing. */
const HOLDS = 2;

/** What answered although nothing may, e.g. `169.254.169.254:80` or `a name server`; null when the fence holds. */
export async function proveFence(probe: FenceProbe): Promise<string | null> {
  const until = probe.clock.now() + probe.patienceMs;
  for (let held = 0; held < HOLDS; ) {
    const answered = await firstAnswer(probe);
    if (answered !== null && probe.clock.now() >= until) return answered;
    held = answered === null ? held + 1 : 0;
    await probe.clock.sleep(answered === null ? 50 : 500);
  }
  return null;
}

async function firstAnswer(probe: FenceProbe): Promise<string | null> {
  const answers = await Promise.all([
    ...probe.canaries.map(async (canary) => ((await connects(canary)) ? canary : null)),
    namesResolve(probe.nameServers).then((yes) => (yes ? 'a name server' : null)),
  ]);
  return answers.find((answer) => answer !== null) ?? null;
}

function connects(canary: string): Promise<boolean> {
  const colon = canary.lastIndexOf(':');
  const host = canary.slice(0, colon).replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(canary.slice(colon + 1)) });
    const answer = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket.setTimeout(PROBE_MS, () => answer(false));
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}

/** Even a refusal or "no such name" is an answer: names carry data out. */
async function namesResolve(servers: readonly string[] | null): Promise<boolean> {
  const resolver = new Resolver({ timeout: PROBE_MS, tries: 1 });
  if (servers !== null) resolver.setServers(servers);
  try {
    await resolver.resolve4('canary.example.com');
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    return !['ECONNREFUSED', 'ETIMEOUT', 'ECANCELLED', 'ENETUNREACH', 'EHOSTUNREACH'].includes(String(code));
  }
}
