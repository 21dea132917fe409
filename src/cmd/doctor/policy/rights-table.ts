/** What bot, gateway and sandbox must be able to do with the API server, and what none of them may. Pure data. */

/** One right, as RBAC names it; `resource` may be `pods/log`. */
export interface Right {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
}

/** The accounts that our pods have. */
export type Account = 'bot' | 'gateway' | 'sandbox';

const rights = (group: string, resource: string, verbs: string): Right[] =>
  verbs.split(' ').map((verb) => ({ verb, group, resource }));

const RBAC = 'rbac.authorization.k8s.io';
const ADMISSION = 'admissionregistration.k8s.io';

const BOT_IN_SANDBOXES: readonly Right[] = [
  ...rights('batch', 'jobs', 'create get list watch delete'),
  ...rights('', 'pods', 'get list watch'),
  ...rights('', 'events', 'list watch'),
];

const GATEWAY_EVERYWHERE: readonly Right[] = rights('authentication.k8s.io', 'tokenreviews', 'create');

/** What each must be able to do: the bot in each sandbox namespace, the gateway in the cluster. */
export const NEEDED: Readonly<Record<Account, readonly Right[]>> = {
  bot: BOT_IN_SANDBOXES,
  gateway: GATEWAY_EVERYWHERE,
  sandbox: [],
};

/** What lets its holder read what is not theirs, get into a sandbox, or change what fences it. */
const DANGEROUS: readonly Right[] = [
  ...rights('', 'secrets', 'get list watch create update patch delete'),
  ...rights('', 'configmaps', 'get list create update patch delete'),
  ...rights('', 'pods', 'create update patch delete'),
  ...rights('', 'pods/log', 'get'),
  ...rights('', 'pods/exec', 'create get'),
  ...rights('', 'pods/attach', 'create get'),
  ...rights('', 'pods/portforward', 'create get'),
  ...rights('', 'pods/ephemeralcontainers', 'update patch'),
  ...rights('', 'serviceaccounts/token', 'create'),
  ...rights('', 'serviceaccounts', 'create impersonate'),
  ...rights('', 'resourcequotas', 'update delete'),
  ...rights('', 'services', 'create update'),
  ...rights('', 'endpoints', 'create update'),
  ...rights('batch', 'jobs', 'update patch'),
  ...rights('batch', 'cronjobs', 'create'),
  ...rights('apps', 'deployments', 'create update patch'),
  ...rights('apps', 'daemonsets', 'create'),
  ...rights('networking.k8s.io', 'networkpolicies', 'create update patch delete'),
  ...rights(RBAC, 'roles', 'create update escalate'),
  ...rights(RBAC, 'rolebindings', 'create update'),
];

/** The same for what belongs to no namespace. */
const DANGEROUS_IN_CLUSTER: readonly Right[] = [
  ...rights('', 'namespaces', 'create update patch delete'),
  ...rights('', 'nodes', 'get list'),
  ...rights('', 'nodes/proxy', 'get create'),
  ...rights('', 'users', 'impersonate'),
  ...rights('', 'groups', 'impersonate'),
  ...rights('', 'persistentvolumes', 'create'),
  ...rights(ADMISSION, 'validatingadmissionpolicies', 'update patch delete'),
  ...rights(ADMISSION, 'validatingadmissionpolicybindings', 'update patch delete'),
  ...rights(ADMISSION, 'mutatingwebhookconfigurations', 'create update'),
  ...rights(RBAC, 'clusterroles', 'create update escalate bind'),
  ...rights(RBAC, 'clusterrolebindings', 'create update'),
  ...rights('certificates.k8s.io', 'certificatesigningrequests', 'create'),
  ...rights('scheduling.k8s.io', 'priorityclasses', 'create'),
  ...rights('authentication.k8s.io', 'tokenreviews', 'create'),
];

/** Where a right is asked about: a sandbox namespace, the control namespace, or no namespace at all. */
export type Place = 'sandbox' | 'control' | 'cluster';

/** What an account must not be able to do there. Jobs and pods are the bot's business, and only in sandbox namespaces. */
export function forbiddenTo(account: Account, place: Place): readonly Right[] {
  if (place === 'cluster') return DANGEROUS_IN_CLUSTER.filter((right) => !includes(NEEDED[account], right));
  const isOwnWork = account === 'bot' && place === 'sandbox';
  return isOwnWork ? DANGEROUS : [...DANGEROUS, ...BOT_IN_SANDBOXES];
}

function includes(all: readonly Right[], { verb, group, resource }: Right): boolean {
  return all.some((right) => right.verb === verb && right.group === group && right.resource === resource);
}
