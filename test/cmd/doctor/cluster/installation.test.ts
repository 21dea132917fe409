/** What the doctor reads of an installation, and says of its namespaces, its control plane and its API server. */
import { describe, expect, it } from 'vitest';
import { type Finding, isFinding } from '../../../../src/cmd/doctor/check.ts';
import {
  apiServerCheck,
  apiServerClock,
  judgeVersion,
} from '../../../../src/cmd/doctor/cluster/api-server.ts';
import { readOwnName } from '../../../../src/cmd/doctor/cluster/cluster.ts';
import { controlPlaneCheck, judgeReplicas } from '../../../../src/cmd/doctor/cluster/control-plane.ts';
import { installedOf, readBotSettings } from '../../../../src/cmd/doctor/cluster/installed.ts';
import { judgeNamespaces, namespacesCheck } from '../../../../src/cmd/doctor/cluster/namespaces.ts';
import { ADMIN_TEXT, buildCluster } from '../../../builders/doctor-cluster.ts';
import { answered, type FakeKube, fakeKube, forbidden } from '../../../fakes/fake-kube-requests.ts';

const signal = new AbortController().signal;
const said = (findings: readonly Finding[]) => findings.map(({ state, text, fix }) => [state, text, fix]);
const APPLY = 'kubectl apply -k your overlay of k8s/base';

function installation(): FakeKube {
  const kube = fakeKube();
  const bot = {
    env: [
      { name: 'GLOVEBOX_CONFIG', value: '/etc/glovebox/glovebox.config.yml' },
      {
        name: 'GLOVEBOX_RUNNER_IMAGE',
        valueFrom: { configMapKeyRef: { name: 'sandbox-policy', key: 'runnerImage' } },
      },
      { name: 'GLOVEBOX_CANARIES', value: '198.51.100.10:80' },
    ],
    envFrom: [{ configMapRef: { name: 'glovebox-endpoints' } }, { secretRef: { name: 'glovebox-bot' } }],
    volumeMounts: [{ name: 'config', mountPath: '/etc/glovebox' }],
  };
  const volumes = [{ name: 'config', configMap: { name: 'glovebox-config-abc' } }];
  kube.on('GET', '/apis/apps/v1/namespaces/glovebox/deployments/bot', () =>
    answered({ spec: { template: { spec: { containers: [bot], volumes } } } }),
  );
  const map = (name: string, data: Record<string, string>) =>
    kube.on('GET', `/api/v1/namespaces/glovebox/configmaps/${name}`, () => answered({ data }));
  map('sandbox-policy', { runnerImage: 'registry.example.com/runner:1' });
  map('glovebox-endpoints', { GLOVEBOX_CANARIES: '1.1.1.1:443', GLOVEBOX_NAME_SERVERS: '10.0.0.10' });
  map('glovebox-config-abc', { 'glovebox.config.yml': ADMIN_TEXT });
  return kube;
}

describe('an installation', () => {
  it('is read from the Deployment and its ConfigMaps, as the kubelet would, and no secret is', async () => {
    const kube = installation();
    const settings = await readBotSettings(kube, 'glovebox');
    if (isFinding(settings)) throw new Error(settings.text);
    const installed = installedOf(settings);
    expect(installed).toMatchObject({
      namespaces: ['glovebox-sandbox'],
      env: {
        runnerImage: 'registry.example.com/runner:1',
        canaries: ['198.51.100.10:80'],
        nameServers: ['10.0.0.10'],
        gateway: { host: 'gateway.glovebox.svc.cluster.local', port: 8_080 },
      },
    });
    expect(kube.asked.filter(({ path }) => path.includes('secret'))).toEqual([]);
  });

  it.each<{ name: string; change: (kube: FakeKube) => void; says: [string, string] }>([
    {
      name: 'that is not there',
      change: (kube) =>
        kube.on('GET', '/apis/apps/v1/namespaces/glovebox/deployments/bot', () => ({ status: 404 })),
      says: ['fails', 'no Deployment bot in namespace glovebox'],
    },
    {
      name: 'that we may not read',
      change: (kube) =>
        kube.on('GET', '/api/v1/namespaces/glovebox/configmaps/sandbox-policy', () => forbidden()),
      says: ['warns', 'ConfigMap sandbox-policy in glovebox cannot be read: this account may not'],
    },
    {
      name: 'one of whose ConfigMaps is missing',
      change: (kube) =>
        kube.on('GET', '/api/v1/namespaces/glovebox/configmaps/glovebox-config-abc', () => ({ status: 404 })),
      says: ['fails', 'ConfigMap glovebox-config-abc in glovebox is missing'],
    },
    {
      name: 'without an admin file',
      change: (kube) =>
        kube.on('GET', '/api/v1/namespaces/glovebox/configmaps/glovebox-config-abc', () =>
          answered({ data: {} }),
        ),
      says: ['fails', 'Deployment bot in glovebox mounts no admin file at GLOVEBOX_CONFIG'],
    },
  ])('$name says so', async ({ change, says }) => {
    const kube = installation();
    change(kube);
    const found = await readBotSettings(kube, 'glovebox');
    expect(isFinding(found) ? [found.state, found.text] : null).toEqual(says);
  });

  it.each([
    [
      'an invalid admin file',
      'templates: 3',
      'the admin file is invalid, so nothing is known of the sandboxes',
    ],
    [
      'no template for pods',
      ADMIN_TEXT.replace('isolation: pod', 'isolation: bubblewrap'),
      'no template of the admin file runs as a pod',
    ],
  ])('with %s says so', (_name, text, says) => {
    const found = installedOf({ environment: {}, adminText: { text, from: 'glovebox.config.yml' } });
    expect(isFinding(found) ? [found.state, found.text] : null).toEqual(['fails', says]);
  });
});

describe('what is said of namespaces', () => {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted', 'glovebox.dev/sandboxes': 'true' };
  const control = { name: 'glovebox', isSandbox: false, labels };
  const sandbox = { name: 'boxes', isSandbox: true, labels };

  it.each([
    {
      name: 'that are held to the rules',
      seen: [control, sandbox],
      says: [['ok', 'glovebox, boxes: Pod Security restricted', null]],
    },
    {
      name: 'one of which Pod Security lets do more',
      seen: [
        control,
        { ...sandbox, labels: { ...labels, 'pod-security.kubernetes.io/enforce': 'baseline' } },
      ],
      says: [
        ['ok', 'glovebox: Pod Security restricted', null],
        [
          'fails',
          'boxes does not enforce Pod Security restricted',
          'kubectl label namespace boxes --overwrite pod-security.kubernetes.io/enforce=restricted',
        ],
      ],
    },
    {
      name: 'one of which our policies do not see',
      seen: [{ ...sandbox, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } }],
      says: [
        [
          'fails',
          'boxes is not under our admission policies',
          'kubectl label namespace boxes --overwrite glovebox.dev/sandboxes=true',
        ],
      ],
    },
    {
      name: 'one of which is missing',
      seen: [{ ...sandbox, labels: null }],
      says: [
        [
          'fails',
          'namespace boxes is missing',
          'apply k8s/base/sandbox with this namespace, or change the template',
        ],
      ],
    },
  ])('$name', ({ seen, says }) => {
    expect(said(judgeNamespaces(seen))).toEqual(says);
  });

  it('that we may not read is a line', async () => {
    const kube = fakeKube();
    kube.on('GET', '/api/v1/namespaces/glovebox', () => answered({ metadata: { labels } }));
    kube.on('GET', '/api/v1/namespaces/glovebox-sandbox', () => forbidden());
    const found = await namespacesCheck(buildCluster(kube)).run(signal);
    expect(found.map(({ state, text }) => [state, text])).toEqual([
      ['ok', 'glovebox: Pod Security restricted'],
      ['warns', 'namespace glovebox-sandbox cannot be read: this account may not'],
    ]);
  });
});

describe('what is said of the control plane', () => {
  it.each([
    { bot: [2, 2], says: [['ok', 'bot 2 of 2, gateway 2 of 2 ready']] },
    { bot: [1, 2], says: [['warns', 'bot: 1 of 2 ready']] },
    { bot: [0, 2], says: [['fails', 'bot: 0 of 2 ready']] },
    { bot: [0, 0], says: [['fails', 'bot: 0 of 0 ready']] },
  ])('bot $bot: $says', ({ bot: [ready = 0, wanted = 0], says }) => {
    const found = judgeReplicas('glovebox', [
      { name: 'bot', ready, wanted },
      { name: 'gateway', ready: 2, wanted: 2 },
    ]);
    expect(found.map(({ state, text }) => [state, text])).toEqual(says);
  });

  it('that is not installed', async () => {
    const found = await controlPlaneCheck({ kube: fakeKube(), namespace: 'glovebox' }).run(signal);
    expect(said(found)).toEqual([
      ['fails', 'Deployment bot in glovebox is missing', APPLY],
      ['fails', 'Deployment gateway in glovebox is missing', APPLY],
    ]);
  });
});

describe('what is said of the API server', () => {
  it.each([
    ['v1.35.4', '1', '35', 'ok', 'Kubernetes v1.35.4'],
    ['v1.31.2-eks', '1', '31+', 'ok', 'Kubernetes v1.31.2-eks'],
    ['v1.29.9', '1', '29', 'fails', 'Kubernetes v1.29.9 is too old'],
    ['odd', '1', '?', 'fails', 'Kubernetes odd is too old'],
  ])('%s', (gitVersion, major, minor, state, text) => {
    expect(judgeVersion({ gitVersion, major, minor })).toMatchObject({ state, text });
  });

  it('that does not know us, or is none', async () => {
    const kube = fakeKube();
    expect(said(await apiServerCheck({ kube }).run(signal))[0]?.slice(0, 2)).toEqual([
      'fails',
      '198.18.0.1:16443 has no /version',
    ]);
    kube.on('GET', '/version', () => ({ status: 401, body: { message: 'Unauthorized' } }));
    expect(said(await apiServerCheck({ kube }).run(signal))[0]?.slice(0, 2)).toEqual([
      'fails',
      'its version cannot be read: 401 Unauthorized',
    ]);
  });

  it('its clock is read from its answers', async () => {
    const kube = fakeKube();
    kube.on('GET', '/version', () => ({ status: 200, date: 'Sat, 21 Nov 2026 14:05:12 GMT' }));
    expect(await apiServerClock(buildCluster(kube)).read(signal)).toEqual({ aheadMs: 10_500, errorMs: 500 });
  });

  it('our own name is what it says', async () => {
    const kube = fakeKube();
    const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
    kube.on('POST', path, () => answered({ status: { userInfo: { username: 'octocat' } } }, 201));
    expect(await readOwnName(kube)).toBe('octocat');
  });
});
