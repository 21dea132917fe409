/** RBAC: asks the API server, right by right, what our accounts can do, and compares it with what they need. */
import { z } from 'zod';
import { apart, type Check, type Finding, fails, isFinding, ok, warns } from '../check.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { unreadable } from '../cluster/read-object.ts';
import { type Account, forbiddenTo, NEEDED, type Place, type Right } from './rights-table.ts';

/** One question about one account. `namespace` is empty for what belongs to none. */
export interface RightAsked {
  readonly account: Account;
  /** Of the account itself. */
  readonly home: string;
  readonly namespace: string;
  readonly right: Right;
  readonly isNeeded: boolean;
}

/** Its answer. */
export interface RightFound extends RightAsked {
  readonly isAllowed: boolean;
}

const Review = z.object({ status: z.object({ allowed: z.boolean() }) });
const AT_ONCE = 16;

/** Builds the check. */
export function rightsCheck(cluster: Cluster): Check {
  return {
    name: 'RBAC',
    timeoutMs: 60_000,
    remedy: 'see why the API server does not answer',
    run: async (signal) => {
      const installed = await cluster.installed();
      if (isFinding(installed)) return [installed];
      const asked = rightsToAsk(cluster.namespace, installed.namespaces);
      const found: RightFound[] = [];
      for (let at = 0; at < asked.length; at += AT_ONCE) {
        signal.throwIfAborted();
        const some = await Promise.all(asked.slice(at, at + AT_ONCE).map((one) => ask(cluster, one)));
        const { wanted, findings } = apart(some);
        if (findings.length > 0) return findings.slice(0, 1);
        found.push(...wanted);
      }
      return judgeRights(found);
    },
  };
}

/** Pure: every question, for each account in each namespace that is ours, and in the cluster. */
export function rightsToAsk(control: string, sandboxes: readonly string[]): readonly RightAsked[] {
  const places: { readonly place: Place; readonly namespace: string }[] = [
    { place: 'control', namespace: control },
    { place: 'cluster', namespace: '' },
    ...sandboxes.map((namespace) => ({ place: 'sandbox' as const, namespace })),
  ];
  const accounts: { readonly account: Account; readonly home: string }[] = [
    { account: 'bot', home: control },
    { account: 'gateway', home: control },
    ...sandboxes.map((home) => ({ account: 'sandbox' as const, home })),
  ];
  return accounts.flatMap(({ account, home }) =>
    places.flatMap(({ place, namespace }) => [
      ...neededAt(account, place).map((right) => ({ account, home, namespace, right, isNeeded: true })),
      ...forbiddenTo(account, place).map((right) => ({ account, home, namespace, right, isNeeded: false })),
    ]),
  );
}

function neededAt(account: Account, place: Place): readonly Right[] {
  const where: Readonly<Record<Account, Place>> = { bot: 'sandbox', gateway: 'cluster', sandbox: 'cluster' };
  return where[account] === place ? NEEDED[account] : [];
}

async function ask({ kube }: Cluster, asked: RightAsked): Promise<RightFound | Finding> {
  const { account, home, namespace, right } = asked;
  const [resource = '', subresource = ''] = right.resource.split('/');
  const answer = await kube.ask({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: `system:serviceaccount:${home}:${account}`,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${home}`, 'system:authenticated'],
        resourceAttributes: { namespace, verb: right.verb, group: right.group, resource, subresource },
      },
    },
  });
  const review = Review.safeParse(answer.body);
  if (answer.status === 403) {
    return warns(
      'not checked: this account may not create subjectaccessreviews',
      `kubectl auth can-i --list --as=system:serviceaccount:${home}:${account} (the rights in docs/operations.md)`,
    );
  }
  return review.success
    ? { ...asked, isAllowed: review.data.status.allowed }
    : unreadable('a SubjectAccessReview', answer);
}

/** Pure: a line for each account with too much or too little, one for all that are right. */
export function judgeRights(found: readonly RightFound[]): readonly Finding[] {
  const accounts = [...new Set(found.map(accountOf))];
  const wrong = accounts.flatMap((account) =>
    judgeAccount(
      account,
      found.filter((one) => accountOf(one) === account),
    ),
  );
  if (wrong.length > 0) return wrong;
  return [
    ok(
      `${accounts.join(', ')}: what they need, and none of ${found.filter((one) => !one.isNeeded).length} rights beyond`,
    ),
  ];
}

const accountOf = ({ account, home }: RightFound): string => `${home}/${account}`;
const MOST_NAMED = 4;

function judgeAccount(account: string, found: readonly RightFound[]): readonly Finding[] {
  const beyond = found.filter(({ isAllowed, isNeeded }) => isAllowed && !isNeeded);
  const missing = found.filter(({ isAllowed, isNeeded }) => !isAllowed && isNeeded);
  return [
    ...(beyond.length === 0
      ? []
      : [fails(`${account} may do what it must not: ${named(beyond)}`, takeAway(account, beyond[0]))]),
    ...(missing.length === 0
      ? []
      : [fails(`${account} may not ${named(missing)}`, 'kubectl apply -k your overlay of k8s/base')]),
  ];
}

function named(found: readonly RightFound[]): string {
  const names = found.map(
    ({ right, namespace }) =>
      `${right.verb} ${right.resource}${namespace === '' ? ' (cluster)' : ` (${namespace})`}`,
  );
  const more = names.length - MOST_NAMED;
  return names.slice(0, MOST_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function takeAway(account: string, example: RightFound | undefined): string {
  const where =
    example?.namespace === '' || example === undefined
      ? 'clusterrolebindings'
      : `rolebindings -n ${example.namespace}`;
  return `find and remove what grants it to ${account}: kubectl get clusterrolebindings,rolebindings -A -o wide (start with ${where})`;
}
