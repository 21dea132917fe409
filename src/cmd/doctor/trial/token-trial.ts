/** Shows the API server the token of a trial sandbox, as the gateway does it: for its audience, for another, and for none. */
import { z } from 'zod';
import type { Cluster } from '../cluster/cluster.ts';
import { isImpersonationRefused, messageOf } from '../cluster/read-object.ts';

/** What it said; texts say why it could not be asked. */
export type TokenReviewed =
  | {
      readonly asked: false;
      readonly why: 'may not impersonate' | 'gateway may not ask' | 'no answer';
      readonly message: string;
    }
  | {
      readonly asked: true;
      /** Whose token it is for its own audience; null: nobody's. */
      readonly own: string | null;
      /** True where it passes for another phase's audience. */
      readonly passesForOther: boolean;
      /** True where the API server takes it for itself. */
      readonly passesForServer: boolean;
    };

const Review = z.object({
  status: z.object({
    authenticated: z.boolean().default(false),
    user: z.object({ username: z.string().default('') }).prefault({}),
  }),
});

/** Asks, as the gateway's account. Error `kubernetes-unavailable`. */
export async function tryToken(cluster: Cluster, token: string, job: string): Promise<TokenReviewed> {
  const own = await review(cluster, token, [`glovebox-fetch.${job}`]);
  const other = await review(cluster, token, [`glovebox-work.${job}`]);
  const server = await review(cluster, token, []);
  const refused = [own, other, server].find((answer) => 'asked' in answer);
  if (refused && 'asked' in refused) return refused;
  const passes = (answer: typeof own) => 'username' in answer && answer.username !== null;
  return {
    asked: true,
    own: 'username' in own ? own.username : null,
    passesForOther: passes(other),
    passesForServer: passes(server),
  };
}

type Refused = Extract<TokenReviewed, { asked: false }>;

/** Without audiences the server's own is meant. */
async function review(
  { kube, namespace, me }: Cluster,
  token: string,
  audiences: readonly string[],
): Promise<{ readonly username: string | null } | Refused> {
  const gateway = `system:serviceaccount:${namespace}:gateway`;
  const answer = await kube.ask({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/tokenreviews',
    as: (await me()) === gateway ? null : gateway,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, ...(audiences.length === 0 ? {} : { audiences }) },
    },
  });
  const message = messageOf(answer);
  if (isImpersonationRefused(answer)) return { asked: false, why: 'may not impersonate', message };
  if (answer.status === 403) return { asked: false, why: 'gateway may not ask', message };
  const read = Review.safeParse(answer.body);
  if (!read.success) return { asked: false, why: 'no answer', message: `${answer.status} ${message}` };
  const { authenticated, user } = read.data.status;
  return { username: authenticated ? user.username : null };
}
