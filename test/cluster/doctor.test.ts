/** glovebox doctor against a real installation: all of it holds, and each thing that is broken on purpose is found. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clusterHere, kubectl } from '../fixtures/cluster.ts';
import { type DoctorCluster, type DoctorLine, openDoctorCluster } from '../fixtures/doctor-cluster.ts';
import { openOperatorAccount } from '../fixtures/operator-account.ts';
import { postgresUrl } from '../fixtures/test-store.ts';

const SANDBOX = 'glovebox-sandbox';
const MISSING = 'registry.example.com/octo-org/no-such-image:1';
const ENFORCE = 'pod-security.kubernetes.io/enforce';

/** One thing broken on purpose. `restore` gets what `breaks` answered. */
interface Sabotage {
  readonly name: string;
  breaks(): Promise<string>;
  restore(kept: string): Promise<unknown>;
  /** The line that finds it. */
  readonly finds: { readonly check: string; readonly text: RegExp; readonly fix: RegExp };
}

const applyKept = (kept: string) => kubectl(['apply', '-f', '-'], { input: kept });

/** Takes objects away; they are kept without what the API server added, so that they can be applied again. */
async function takeAway(...what: readonly string[]): Promise<string> {
  const list = JSON.parse(await kubectl(['get', ...what, '-o', 'json']));
  for (const object of list.items ?? [list]) {
    const { name, namespace, labels } = object.metadata;
    object.metadata = { name, labels, ...(namespace ? { namespace } : {}) };
  }
  await kubectl(['delete', ...what, '--wait=true']);
  return JSON.stringify(list);
}

const ROLE = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: { name: 'too-much', namespace: 'glovebox' },
  rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
};
const BINDING = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: 'too-much', namespace: 'glovebox' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'too-much' },
  subjects: [{ kind: 'ServiceAccount', name: 'bot', namespace: 'glovebox' }],
};

const SABOTAGES: readonly Sabotage[] = [
  {
    name: 'the NetworkPolicies of the sandboxes are deleted',
    breaks: () => takeAway('networkpolicies', '-n', SANDBOX, 'default-deny', 'gateway-only'),
    restore: applyKept,
    finds: {
      check: 'fence',
      text: /^test pod reached 198\.18\.0\.1:16443 \(API server\), .*\(bot\), 198\.19\.0\.10 \(name server\)$/,
      fix: /^apply the NetworkPolicies of k8s\/base\/sandbox\/network\.yaml to glovebox-sandbox$/,
    },
  },
  {
    name: 'the bot may read secrets',
    breaks: () =>
      kubectl(['apply', '-f', '-'], {
        input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [ROLE, BINDING] }),
      }),
    restore: () => kubectl(['delete', 'role/too-much', 'rolebinding/too-much', '-n', 'glovebox']),
    finds: {
      check: 'RBAC',
      text: /^glovebox\/bot may do what it must not: get secrets \(glovebox\)$/,
      fix: /^find and remove what grants it to glovebox\/bot: kubectl get /,
    },
  },
  {
    name: 'the binding of an admission policy is deleted',
    breaks: () => takeAway('validatingadmissionpolicybinding', 'glovebox-sandbox-containers'),
    restore: applyKept,
    finds: {
      check: 'admission',
      text: /^glovebox-sandbox lets in a Job that runs another image; a Job that runs a command of its own; /,
      fix: /^kubectl apply -k your overlay of k8s\/base \(admission\), with its bindings$/,
    },
  },
  {
    name: 'the quota has no room',
    breaks: () => patchQuota('0'),
    restore: () => patchQuota('40'),
    finds: {
      check: 'quota',
      text: /^room for 0 more sandboxes in glovebox-sandbox$/,
      fix: /^raise pods in ResourceQuota sandbox$/,
    },
  },
  {
    name: 'the sandbox namespace no longer enforces Pod Security',
    breaks: () => kubectl(['label', 'namespace', SANDBOX, `${ENFORCE}-`]),
    restore: () => kubectl(['label', 'namespace', SANDBOX, `${ENFORCE}=restricted`]),
    finds: {
      check: 'namespaces',
      text: /^glovebox-sandbox does not enforce Pod Security restricted$/,
      fix: /^kubectl label namespace glovebox-sandbox --overwrite pod-security\.kubernetes\.io\/enforce=restricted$/,
    },
  },
];

function patchQuota(pods: string): Promise<string> {
  return kubectl([
    'patch',
    'resourcequota',
    'sandbox',
    '-n',
    SANDBOX,
    '-p',
    JSON.stringify({ spec: { hard: { pods } } }),
  ]);
}

describe.runIf(clusterHere && postgresUrl !== undefined)('glovebox doctor on a cluster', () => {
  let cluster: DoctorCluster;

  beforeAll(async () => {
    cluster = await openDoctorCluster([MISSING]);
  }, 900_000);

  afterAll(() => cluster?.close(), 300_000);

  const failing = (lines: readonly DoctorLine[]) => lines.filter(({ state }) => state === 'fails');

  it('finds that everything holds', async () => {
    const { code, lines } = await cluster.doctor();
    expect(lines.filter(({ state }) => state !== 'ok')).toEqual([]);
    expect(code).toBe(0);
    expect(lines.map(({ check }) => check)).toEqual([
      ...[
        'database',
        'GitHub App',
        'model',
        'admin file',
        'clock',
        'API server',
        'namespaces',
        'control plane',
      ],
      ...['RBAC', 'admission', 'quota', 'fence', 'images', 'identity'],
    ]);
  }, 120_000);

  it('needs no more than the rights of docs/operations.md, but for what only administrators can try', async () => {
    const operator = await openOperatorAccount('docs/operations.md');
    try {
      const { code, lines } = await cluster.doctor({ KUBECONFIG: operator.kubeconfigPath });
      const others = lines.filter(({ state }) => state !== 'ok');
      expect(others.map(({ check, state }) => [check, state])).toEqual([
        ['admission', 'warns'],
        ['admission', 'warns'],
      ]);
      expect(others[0]?.text).toContain('our Job passes, 13 others are refused');
      expect(code).toBe(0);
    } finally {
      await operator.close();
    }
  }, 120_000);

  it.each(SABOTAGES)(
    'finds that $name',
    async ({ breaks, restore, finds }) => {
      const kept = await breaks();
      try {
        const { code, lines } = await cluster.doctor();
        expect(code).toBe(1);
        expect(failing(lines)).toContainEqual({
          check: finds.check,
          state: 'fails',
          text: expect.stringMatching(finds.text),
          fix: expect.stringMatching(finds.fix),
        });
      } finally {
        await restore(kept);
      }
    },
    180_000,
  );

  it('finds that an image does not exist, with the kubelet’s reason', async () => {
    const restore = await cluster.useTemplateImage(MISSING);
    try {
      const { code, lines } = await cluster.doctor();
      expect(code).toBe(1);
      expect(failing(lines)).toContainEqual({
        check: 'images',
        state: 'fails',
        text: expect.stringMatching(
          new RegExp(`^template node-24: Image '${MISSING}': (ErrImagePull|ImagePullBackOff): `),
        ),
        fix: expect.stringContaining('correct its name'),
      });
    } finally {
      await restore();
    }
  }, 240_000);

  it('interrupted while its test pod runs, removes that and says so by its exit code', async () => {
    const { child, ended } = cluster.start();
    await kubectl([
      'wait',
      '--for=create',
      'pods',
      '-n',
      SANDBOX,
      '-l',
      'glovebox.dev/task=doctor',
      '--timeout=50s',
    ]);
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
    expect(await kubectl(['get', 'jobs,pods', '-n', SANDBOX, '-o', 'name'])).toBe('');
  }, 120_000);

  it('leaves nothing behind, whatever it found', async () => {
    expect(await kubectl(['get', 'jobs,pods', '-n', SANDBOX, '-o', 'name'])).toBe('');
  });

  it('says in the bot’s own pod what cannot be asked from there, and never that it holds', async () => {
    const { code, lines } = await cluster.doctorIn('bot');
    expect(failing(lines)).toEqual([]);
    expect(code).toBe(0);
    const state = (check: string) => lines.filter((line) => line.check === check).map((line) => line.state);
    for (const check of ['database', 'GitHub App', 'clock', 'API server', 'images'])
      expect(state(check)).toEqual(['ok']);
    expect(state('fence')).toEqual(['ok', 'warns']);
    for (const check of ['model', 'RBAC', 'quota', 'identity']) expect(state(check)).toEqual(['warns']);
  }, 180_000);
});
