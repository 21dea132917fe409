/** The cluster as all of its checks see it: how to ask, who we are, what is installed. */
import { z } from 'zod';
import type { AdminConfig } from '../../../config/admin-config.ts';
import type { ClusterEnv } from '../../../config/env.ts';
import type { Clock } from '../../../shared/clock.ts';
import type { RandomBytes } from '../../../shared/ids.ts';
import type { Finding } from '../check.ts';
import type { KubeRequests } from './kube-requests.ts';
import type { SandboxTemplate } from './sandbox-templates.ts';

/** What runs there, as its own configuration says. */
export interface Installed {
  readonly admin: AdminConfig;
  readonly env: ClusterEnv;
  /** Templates that run as pods, each with its namespace. */
  readonly templates: readonly SandboxTemplate[];
  /** Each sandbox namespace once. */
  readonly namespaces: readonly string[];
}

/** What the checks are given. Whatever is read is read once. */
export interface Cluster {
  readonly kube: KubeRequests;
  /** The control plane's namespace. */
  readonly namespace: string;
  /** True where this process is a pod of the cluster. */
  readonly inPod: boolean;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Our own user name. */
  readonly me: () => Promise<string>;
  /** What is installed, or why nobody can say. */
  readonly installed: () => Promise<Installed | Finding>;
}

/** The account that makes Jobs; admission lets nobody else. */
function botUser({ namespace }: Pick<Cluster, 'namespace'>): string {
  return `system:serviceaccount:${namespace}:bot`;
}

/** Whom to impersonate for a request of the bot's; null where that is who we are. */
export async function asBot(cluster: Cluster): Promise<string | null> {
  return (await cluster.me()) === botUser(cluster) ? null : botUser(cluster);
}

const Review = z.object({ status: z.object({ userInfo: z.object({ username: z.string() }) }) });

/** Our user name as the API server sees it; empty where it does not say. */
export async function readOwnName(kube: KubeRequests): Promise<string> {
  const answer = await kube.ask({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  });
  const review = Review.safeParse(answer.body);
  return review.success ? review.data.status.userInfo.username : '';
}
