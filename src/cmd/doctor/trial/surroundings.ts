/**
 * What a sandbox could meet on this cluster: the gateway, which it must reach, and addresses at which nobody may answer
 * it. Taken from the cluster itself, so that the fence is tried against what is there.
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import { METADATA, NODE_LOCAL_DNS, ownNameServers } from '../../pod-facts.ts';
import { type Finding, fails, isFinding, warns } from '../check.ts';
import type { Cluster, Installed } from '../cluster/cluster.ts';
import { readObject } from '../cluster/read-object.ts';

/** An address that must not answer, and whose it is. */
export interface Canary {
  /** `host:port`. */
  readonly address: string;
  readonly what: string;
}

export interface Surroundings {
  readonly gateway: { readonly address: string; readonly port: number };
  readonly canaries: readonly Canary[];
  readonly nameServers: readonly string[];
  /** The kubelets: a pod's own node is outside NetworkPolicy on many networks. */
  readonly nodes: readonly Canary[];
  /** What could not be tried, as lines of the table. */
  readonly untried: readonly Finding[];
}

/** Resolves names from where we are. */
export type Lookup = (host: string) => Promise<string>;

const Service = z.object({
  spec: z.object({
    clusterIP: z.string().default(''),
    ports: z.array(z.object({ port: z.int() })).default([]),
  }),
});
const Services = z.object({ items: z.array(Service) });
const Nodes = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({
        addresses: z.array(z.object({ type: z.string(), address: z.string() })).default([]),
      }),
    }),
  ),
});

const KUBELET_PORT = 10_250;
const MOST_NODES = 50;
const MOST_NAME_SERVERS = 10;

/** Reads them. Error `kubernetes-unavailable`. */
export async function readSurroundings(
  cluster: Cluster,
  { env }: Installed,
  lookup: Lookup,
): Promise<Surroundings | Finding> {
  const gateway = await gatewayAddress(cluster, env.gateway, lookup);
  if (gateway === null) {
    return fails(
      `the gateway's Service ${env.gateway.host} has no address`,
      'kubectl apply -k your overlay of k8s/base, or set GLOVEBOX_GATEWAY_SERVICE',
    );
  }
  const { kube, namespace } = cluster;
  const nodes = await readNodes(cluster);
  const bot = await serviceAddress(cluster, 'bot', namespace);
  const api = await serviceAddress(cluster, 'kubernetes', 'default');
  const canaries = [
    { address: await numeric(kube.server, lookup), what: 'API server' },
    ...(api === null ? [] : [{ address: api, what: 'API server' }]),
    { address: METADATA, what: 'metadata service' },
    ...(bot === null ? [] : [{ address: bot, what: 'bot' }]),
    ...env.canaries.map((address) => ({ address, what: 'outside' })),
  ];
  const nameServers = env.nameServers ?? (await readNameServers(cluster));
  return {
    gateway: { address: gateway, port: env.gateway.port },
    canaries: canaries.filter(
      (one, at) => canaries.findIndex(({ address }) => address === one.address) === at,
    ),
    nameServers: 'state' in nameServers ? [NODE_LOCAL_DNS] : nameServers.slice(0, MOST_NAME_SERVERS),
    nodes: isFinding(nodes) ? [] : nodes,
    untried: [nodes, nameServers].filter(isFinding),
  };
}

/** By the Service itself where we may read it, else by its name, which only a pod can resolve. */
async function gatewayAddress(
  cluster: Cluster,
  { host }: Installed['env']['gateway'],
  lookup: Lookup,
): Promise<string | null> {
  const [, name, namespace] = /^([^.]+)\.([^.]+)\.svc(?:\.|$)/.exec(host) ?? [];
  const service = name && namespace ? await serviceAddress(cluster, name, namespace) : null;
  if (service !== null) return service.slice(0, service.lastIndexOf(':'));
  return lookup(host).catch(() => null);
}

/** `address:port` of a Service; null where there is none, or we may not read it. */
async function serviceAddress({ kube }: Cluster, name: string, namespace: string): Promise<string | null> {
  const path = `/api/v1/namespaces/${namespace}/services/${name}`;
  const service = await readObject(kube, { path, what: `Service ${name}`, schema: Service });
  if (service === null || isFinding(service) || isIP(service.spec.clusterIP) === 0) return null;
  return `${service.spec.clusterIP}:${service.spec.ports[0]?.port ?? 443}`;
}

async function readNodes({ kube }: Cluster): Promise<readonly Canary[] | Finding> {
  const path = `/api/v1/nodes?limit=${MOST_NODES}`;
  const nodes = await readObject(kube, { path, what: 'the nodes', schema: Nodes });
  if (nodes === null) return [];
  if (isFinding(nodes)) return { ...nodes, text: `a pod's own node is not tried: ${nodes.text}` };
  return nodes.items.flatMap(({ metadata, status }) => {
    const own = status.addresses.find(({ type }) => type === 'InternalIP');
    return own ? [{ address: `${own.address}:${KUBELET_PORT}`, what: `kubelet of ${metadata.name}` }] : [];
  });
}

/** In a pod those that it was given; and the node-local one. */
async function readNameServers(cluster: Cluster): Promise<readonly string[] | Finding> {
  const found = cluster.inPod ? await ownNameServers() : await clusterNameServers(cluster);
  return isFinding(found) ? found : [...found, NODE_LOCAL_DNS];
}

/** The cluster's own, by the label or the name that its Service has nearly everywhere. */
async function clusterNameServers({ kube, namespace }: Cluster): Promise<readonly string[] | Finding> {
  const base = '/api/v1/namespaces/kube-system/services';
  const what = "the cluster's name servers";
  const labelled = await readObject(kube, {
    path: `${base}?labelSelector=k8s-app%3Dkube-dns`,
    what,
    schema: Services,
  });
  const named = await readObject(kube, { path: `${base}/kube-dns`, what, schema: Service });
  const services = [
    ...(labelled === null || isFinding(labelled) ? [] : labelled.items),
    ...(named === null || isFinding(named) ? [] : [named]),
  ];
  const known = new Set(services.map(({ spec }) => spec.clusterIP).filter((address) => isIP(address) !== 0));
  if (known.size > 0) return [...known];
  return warns(
    "the cluster's name servers are not tried: no Service kube-dns can be read in kube-system",
    `name them with GLOVEBOX_NAME_SERVERS in ConfigMap glovebox-endpoints of ${namespace}`,
  );
}

/** A name would be silent in a pod, which has no name server, and prove nothing. */
async function numeric(address: string, lookup: Lookup): Promise<string> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return address;
  const found = await lookup(host).catch(() => host);
  return `${found}${address.slice(colon)}`;
}
