/**
 * What the cluster's bot runs with: from its Deployment and the ConfigMaps that it names, or, in a pod of ours, from the
 * environment. Secrets are not read.
 */
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { type Environment, readClusterEnv } from '../../../config/env.ts';
import { readAdminConfig } from '../../../config/read-file.ts';
import { hasCode } from '../../../shared/errors.ts';
import { type Finding, fails, isFinding } from '../check.ts';
import type { AdminText } from '../here/admin-file.ts';
import type { Installed } from './cluster.ts';
import type { KubeRequests } from './kube-requests.ts';
import { readObject } from './read-object.ts';
import { sandboxTemplates } from './sandbox-templates.ts';

const Variable = z.object({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z
    .object({ configMapKeyRef: z.object({ name: z.string(), key: z.string() }).optional() })
    .optional(),
});
const Container = z.object({
  env: z.array(Variable).default([]),
  envFrom: z.array(z.object({ configMapRef: z.object({ name: z.string() }).optional() })).default([]),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })).default([]),
});
type Container = z.infer<typeof Container>;
const Volumes = z
  .array(z.object({ name: z.string(), configMap: z.object({ name: z.string() }).optional() }))
  .default([]);
const Deployment = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({ containers: z.tuple([Container]).rest(Container), volumes: Volumes }),
    }),
  }),
});
const ConfigMap = z.object({ data: z.record(z.string(), z.string()).default({}) });

/** The bot's variables but for its secrets, and the admin's file that it reads. */
export interface BotSettings {
  readonly environment: Environment;
  readonly adminText: AdminText;
}

const REMEDY = 'kubectl apply -k your overlay of k8s/base, or name its control namespace with --namespace';

/** Reads the Deployment `bot`. Error `kubernetes-unavailable`. */
export async function readBotSettings(kube: KubeRequests, namespace: string): Promise<BotSettings | Finding> {
  const deployment = await readObject(kube, {
    path: `/apis/apps/v1/namespaces/${namespace}/deployments/bot`,
    what: `Deployment bot in ${namespace}`,
    schema: Deployment,
  });
  if (deployment === null) return fails(`no Deployment bot in namespace ${namespace}`, REMEDY);
  if (isFinding(deployment)) return deployment;
  const { containers, volumes } = deployment.spec.template.spec;
  const [bot] = containers;
  const maps = await readConfigMaps(kube, namespace, namesOf(bot, volumes));
  if (isFinding(maps)) return maps;
  const environment = environmentOf(bot, maps);
  const adminText = adminTextOf(environment['GLOVEBOX_CONFIG'] ?? '', { bot, volumes, maps });
  return adminText === null
    ? fails(`Deployment bot in ${namespace} mounts no admin file at GLOVEBOX_CONFIG`, REMEDY)
    : { environment, adminText };
}

/** What those settings amount to, or the first thing that is wrong with them. */
export function installedOf({ environment, adminText }: BotSettings): Installed | Finding {
  const { config } = readAdminConfig(adminText.text, adminText.from);
  if (config === null)
    return fails('the admin file is invalid, so nothing is known of the sandboxes', 'see its line');
  const templates = sandboxTemplates(config);
  if (templates.length === 0) {
    return fails('no template of the admin file runs as a pod', "give one isolation 'pod' and an image");
  }
  try {
    const namespaces = [...new Set(templates.map(({ pod }) => pod.namespace))];
    return { admin: config, env: readClusterEnv(environment), templates, namespaces };
  } catch (error) {
    if (hasCode(error, 'env-invalid')) return fails(error.message, REMEDY);
    throw error;
  }
}

type ConfigMaps = ReadonlyMap<string, Readonly<Record<string, string>>>;
type VolumeList = z.infer<typeof Volumes>;

function namesOf({ env, envFrom }: Container, volumes: VolumeList): readonly string[] {
  const names = [
    ...env.map(({ valueFrom }) => valueFrom?.configMapKeyRef?.name),
    ...envFrom.map(({ configMapRef }) => configMapRef?.name),
    ...volumes.map(({ configMap }) => configMap?.name),
  ];
  return [...new Set(names.filter((name) => name !== undefined))];
}

async function readConfigMaps(
  kube: KubeRequests,
  namespace: string,
  names: readonly string[],
): Promise<ConfigMaps | Finding> {
  const maps = new Map<string, Readonly<Record<string, string>>>();
  for (const name of names) {
    const what = `ConfigMap ${name} in ${namespace}`;
    const map = await readObject(kube, {
      path: `/api/v1/namespaces/${namespace}/configmaps/${name}`,
      what,
      schema: ConfigMap,
    });
    if (map === null) return fails(`${what} is missing`, REMEDY);
    if (isFinding(map)) return map;
    maps.set(name, map.data);
  }
  return maps;
}

/** As the kubelet does it: `env` ranks above `envFrom`, the later above the earlier. */
function environmentOf({ env, envFrom }: Container, maps: ConfigMaps): Environment {
  const sources = envFrom.map(({ configMapRef }) => maps.get(configMapRef?.name ?? '') ?? {});
  const own = env.map(({ name, value, valueFrom }) => {
    const ref = valueFrom?.configMapKeyRef;
    return [name, value ?? (ref && maps.get(ref.name)?.[ref.key])] as const;
  });
  return Object.assign({}, ...sources, Object.fromEntries(own));
}

function adminTextOf(
  path: string,
  {
    bot,
    volumes,
    maps,
  }: { readonly bot: Container; readonly volumes: VolumeList; readonly maps: ConfigMaps },
): AdminText | null {
  const mount = bot.volumeMounts.find(({ mountPath }) => mountPath === dirname(path));
  const name = volumes.find((volume) => volume.name === mount?.name)?.configMap?.name;
  const text = maps.get(name ?? '')?.[basename(path)];
  return text === undefined ? null : { text, from: basename(path) };
}
