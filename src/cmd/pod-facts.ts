/** What this process's environment adds to every pod, for the bot that creates them and the command that prints them. */
import { readFile } from 'node:fs/promises';
import type { ClusterEnv } from '../config/env.ts';
import type { PodFacts } from '../job/kubernetes-sandbox/kubernetes-job.ts';

/** A cloud's metadata service: nothing may answer there from inside a sandbox. */
export const METADATA = '169.254.169.254:80';
/** Where NodeLocal DNSCache listens, which no NetworkPolicy covers. */
export const NODE_LOCAL_DNS = '169.254.20.10';

/** All but the gateway's address, which is looked up at each creation. `server`: the API server's `host:port`. */
export async function readPodFacts(
  env: ClusterEnv,
  { store, server }: { readonly store: string; readonly server: string },
): Promise<Omit<PodFacts, 'gateway'>> {
  return {
    store,
    runnerImage: env.runnerImage,
    canaries: [server, METADATA, ...env.canaries],
    nameServers: env.nameServers ?? [...(await ownNameServers()), NODE_LOCAL_DNS],
    appArmor: env.appArmor,
  };
}

/** The name servers of this very machine or pod. */
export async function ownNameServers(): Promise<readonly string[]> {
  const text = await readFile('/etc/resolv.conf', 'utf8').catch(() => '');
  return [...text.matchAll(/^nameserver\s+(\S+)/gm)].map(([, address = '']) => address);
}
