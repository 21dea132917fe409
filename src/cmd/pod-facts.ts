/** What this process's environment adds to every pod, for the bot that creates them and the command that prints them. */
import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { ClusterEnv } from '../config/env.ts';
import type { PodFacts } from '../job/kubernetes-sandbox/kubernetes-job.ts';
import { GloveboxError } from '../shared/errors.ts';

/** A cloud's metadata service: nothing may answer there from inside a sandbox. */
export const METADATA = '169.254.169.254:80';
/** Where NodeLocal DNSCache listens, which no NetworkPolicy covers. */
export const NODE_LOCAL_DNS = '169.254.20.10';

/**
 * All but the gateway's address, which is looked up at each creation. `server`: the API server's `host:port`.
 * Error `canary-unknown`: a canary whose name nobody knows here.
 */
export async function readPodFacts(
  env: ClusterEnv,
  { store, server }: { readonly store: string; readonly server: string },
): Promise<Omit<PodFacts, 'gateway'>> {
  return {
    store,
    runnerImage: env.runnerImage,
    canaries: await Promise.all([server, METADATA, ...env.canaries].map(byAddress)),
    nameServers: env.nameServers ?? [...(await ownNameServers()), NODE_LOCAL_DNS],
    appArmor: env.appArmor,
  };
}

/** A sandbox knows no names: a canary by its name would be silent there, whatever the fence. */
async function byAddress(canary: string): Promise<string> {
  const colon = canary.lastIndexOf(':');
  const host = canary.slice(0, colon).replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return canary;
  try {
    const { address, family } = await lookup(host);
    return `${family === 6 ? `[${address}]` : address}${canary.slice(colon)}`;
  } catch (cause) {
    throw new GloveboxError({
      code: 'canary-unknown',
      message: `The canary '${canary}' cannot be looked up: expected an address that answers outside of sandboxes. Correct GLOVEBOX_CANARIES, or give an address.`,
      cause,
    });
  }
}

/** The name servers of this very machine or pod. */
export async function ownNameServers(): Promise<readonly string[]> {
  const text = await readFile('/etc/resolv.conf', 'utf8').catch(() => '');
  return [...text.matchAll(/^nameserver\s+(\S+)/gm)].map(([, address = '']) => address);
}
