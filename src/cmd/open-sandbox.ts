/** Opens the sandbox that the environment asks for: processes of this machine, or Jobs of a cluster. */
import { lookup } from 'node:dns/promises';
import type { AdminConfig } from '../config/admin-config.ts';
import { type BotEnv, type ClusterEnv, readClusterEnv } from '../config/env.ts';
import { DEFAULT_NAMESPACE } from '../config/template-config.ts';
import { openKubeAccess } from '../job/kube-access.ts';
import { createKubeClient } from '../job/kube-client.ts';
import { createKubernetesSandbox } from '../job/kubernetes-sandbox/kubernetes-sandbox.ts';
import type { Sandbox } from '../job/sandbox.ts';
import { jobNamespace } from '../task/store/job-namespace.ts';
import { readStoreId } from '../task/store/store-id.ts';
import { openOneMachine } from './one-machine.ts';
import { readPodFacts } from './pod-facts.ts';
import type { ProcessParts } from './process-parts.ts';

/** An open sandbox. `ready` says for the log what it found. */
export interface OpenSandbox {
  readonly sandbox: Sandbox;
  readonly ready: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const KUBE_TIMEOUT_MS = 15_000;
/** Errors: `env-invalid`, `cluster-unknown`, those of the one-machine sandbox. */
export function openSandbox(env: BotEnv, parts: ProcessParts, admin: AdminConfig): Promise<OpenSandbox> {
  return env.sandbox === 'kubernetes' ? openOnCluster(readClusterEnv(), parts, admin) : openHere(env, parts);
}

async function openHere(env: BotEnv, parts: ProcessParts): Promise<OpenSandbox> {
  const canaries = env.port === 0 ? [] : [`127.0.0.1:${env.port}`];
  const sandbox = await openOneMachine({ ...env, ...parts, canaries });
  return {
    sandbox,
    ready: { bubblewrap: sandbox.bubblewrapProblem() ?? 'ready' },
    close: () => sandbox.close(),
  };
}

async function openOnCluster(env: ClusterEnv, parts: ProcessParts, admin: AdminConfig): Promise<OpenSandbox> {
  const { log, clock, store } = parts;
  const access = openKubeAccess({
    callTimeoutMs: KUBE_TIMEOUT_MS,
    warn: (warning) => log.warn({ warning }, 'the API server warns'),
  });
  const sandbox = createKubernetesSandbox({
    cluster: createKubeClient(access),
    clock,
    log,
    random: Math.random,
    facts: await readPodFacts(env, { store: await readStoreId(store.db), server: access.server }),
    gateway: env.gateway,
    lookup: async (host) => (await lookup(host)).address,
    namespaces: namespacesOf(admin),
    namespaceOf: (name) => jobNamespace(store.db, name),
  });
  return {
    sandbox,
    ready: { cluster: access.server, namespaces: namespacesOf(admin).join(' ') },
    close: async () => {
      await sandbox.close();
      await access.close();
    },
  };
}

function namespacesOf(admin: AdminConfig): readonly string[] {
  const names = Object.values(admin.templates).flatMap(({ isolation, pod }) =>
    isolation === 'pod' ? [pod?.namespace ?? DEFAULT_NAMESPACE] : [],
  );
  return [...new Set(names)];
}
