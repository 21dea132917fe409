/** Quotas: present in each sandbox namespace, and with room for as many sandboxes as the admin's file lets run at once. */
import { z } from 'zod';
import { apart, type Check, type Finding, fails, isFinding, ok, warns } from '../check.ts';
import type { Cluster, Installed } from '../cluster/cluster.ts';
import { readObject } from '../cluster/read-object.ts';
import type { SandboxTemplate } from '../cluster/sandbox-templates.ts';
import { parseQuantity } from './quantity.ts';

const Amounts = z.record(z.string(), z.string()).default({});
const Quotas = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({ hard: Amounts, used: Amounts }).prefault({}),
    }),
  ),
});
const LimitRanges = z.object({ items: z.array(z.object({ metadata: z.object({ name: z.string() }) })) });

/** One namespace as found, and what its largest sandbox takes. */
export interface QuotaSeen {
  readonly namespace: string;
  readonly quotas: readonly {
    readonly name: string;
    readonly hard: Readonly<Record<string, string>>;
    readonly used: Readonly<Record<string, string>>;
  }[];
  readonly limitRanges: number;
  readonly template: SandboxTemplate;
  /** Sandboxes that may be wanted at once. */
  readonly wanted: number;
}

/** A round may have a work and a verify pod at once. */
const PODS_A_TASK = 2;

/** Builds the check. */
export function quotaCheck(cluster: Cluster): Check {
  return {
    name: 'quota',
    timeoutMs: 20_000,
    remedy: 'see why the API server does not answer',
    run: async () => {
      const installed = await cluster.installed();
      if (isFinding(installed)) return [installed];
      const seen = installed.namespaces.map((namespace) => readQuota(cluster, installed, namespace));
      const { wanted, findings } = apart(await Promise.all(seen));
      return [...findings, ...wanted.flatMap(judgeQuota)];
    },
  };
}

async function readQuota(
  { kube }: Cluster,
  { templates, admin }: Installed,
  namespace: string,
): Promise<QuotaSeen | Finding> {
  const base = `/api/v1/namespaces/${namespace}`;
  const what = `quota of ${namespace}`;
  const quotas = await readObject(kube, { path: `${base}/resourcequotas`, what, schema: Quotas });
  if (quotas !== null && isFinding(quotas)) return quotas;
  const ranges = await readObject(kube, { path: `${base}/limitranges`, what, schema: LimitRanges });
  if (ranges !== null && isFinding(ranges)) return ranges;
  const own = templates.filter(({ pod }) => pod.namespace === namespace);
  const [template] = own.sort((a, b) => b.limits.memoryBytes - a.limits.memoryBytes);
  if (template === undefined) return fails(`no template runs in ${namespace}`, 'see the admin file');
  return {
    namespace,
    quotas: (quotas?.items ?? []).map(({ metadata, status }) => ({ name: metadata.name, ...status })),
    limitRanges: ranges?.items.length ?? 0,
    template,
    wanted: admin.concurrency.installation * PODS_A_TASK,
  };
}

/** Pure. */
export function judgeQuota(seen: QuotaSeen): readonly Finding[] {
  const { namespace, quotas, limitRanges } = seen;
  const apply = 'kubectl apply -k your overlay of k8s/base (sandbox/limits.yaml)';
  const range = limitRanges > 0 ? [] : [warns(`${namespace} has no LimitRange`, apply)];
  return [
    quotas.length === 0 ? fails(`${namespace} has no ResourceQuota`, apply) : judgeRoom(seen),
    ...range,
  ];
}

function judgeRoom(seen: QuotaSeen): Finding {
  const { namespace, wanted } = seen;
  const [tightest] = roomsOf(seen).sort((a, b) => a.room - b.room);
  if (tightest === undefined) return ok(`${namespace}: no bound that a sandbox counts towards`);
  const { room, capacity, resource, quota } = tightest;
  const text = `room for ${room} more ${room === 1 ? 'sandbox' : 'sandboxes'} in ${namespace}`;
  const fix = `raise ${resource} in ResourceQuota ${quota}`;
  if (room === 0 || capacity < PODS_A_TASK) return fails(text, fix);
  return capacity < wanted ? warns(`${text}; ${wanted} may be wanted at once`, fix) : ok(text);
}

interface Room {
  readonly quota: string;
  readonly resource: string;
  /** Further sandboxes of the largest template now, and all of them if nothing were used. */
  readonly room: number;
  readonly capacity: number;
}

function roomsOf({ quotas, template }: QuotaSeen): Room[] {
  return quotas.flatMap(({ name, hard, used }) =>
    Object.entries(hard).flatMap(([resource, most]) => {
      const need = needOf(template, resource);
      if (need === null) return [];
      const free = parseQuantity(most) - parseQuantity(used[resource] ?? '0');
      const fits = (amount: number) => Math.max(0, Math.floor(amount / need) || 0);
      return [{ quota: name, resource, room: fits(free), capacity: fits(parseQuantity(most)) }];
    }),
  );
}

/** What one sandbox of the template adds to a bound; null where none. */
function needOf({ pod, limits }: SandboxTemplate, resource: string): number | null {
  switch (resource.replace(/^(requests|limits)\./, '')) {
    case 'pods':
    case 'count/pods':
    case 'count/jobs.batch':
      return 1;
    case 'cpu':
      return pod.cpuMillis / 1_000;
    case 'memory':
      return limits.memoryBytes;
    default:
      return null;
  }
}
