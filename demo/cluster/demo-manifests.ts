/** The demo's own pod with its Service, and the paths that it needs through the base's default-deny network policies. */
import type { Manifest } from './manifest.ts';
import { DEMO_PORTS, NAMESPACES } from './places.ts';

/** As the base labels its pods. */
const component = (name: string) => ({ 'app.kubernetes.io/component': name });
const DEMO = component('demo');
const namespace = NAMESPACES.control;
const BOT_PORT = 3000;

/** Pod, Service and policies; `image` is the demo's, `upstream` a model that is not played. */
export function demoManifests(image: string, upstream: string | null): Manifest[] {
  return [
    account(),
    demoPod(image),
    demoService(),
    ...policies(),
    ...(upstream === null ? [] : [toUpstream(upstream)]),
  ];
}

/** Its own: a new namespace gets its default one only after a while, and refuses pods that name it until then. */
function account(): Manifest {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'demo', namespace } };
}

function demoPod(image: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'demo', namespace, labels: DEMO },
    spec: {
      serviceAccountName: 'demo',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 5,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'demo',
          image,
          imagePullPolicy: 'IfNotPresent',
          resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { cpu: '1', memory: '1Gi' } },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
          volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
        },
      ],
      volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '512Mi' } }],
    },
  };
}

/** GitHub and the model; orders are taken inside the pod alone. */
function demoService(): Manifest {
  const ports = (['github', 'model'] as const).map((name) => ({ name, port: DEMO_PORTS[name] }));
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'demo', namespace },
    spec: { selector: DEMO, ports },
  };
}

function policies(): Manifest[] {
  const { github, model } = DEMO_PORTS;
  return [
    policy('demo', 'demo', {
      ingress: [
        { from: [peer('bot')], ports: ports(github) },
        { from: [peer('gateway')], ports: ports(github, model) },
      ],
      egress: [{ to: [peer('bot')], ports: ports(BOT_PORT) }, dns()],
    }),
    policy('demo-bot', 'bot', {
      ingress: [{ from: [peer('demo')], ports: ports(BOT_PORT) }],
      egress: [{ to: [peer('demo')], ports: ports(github) }],
    }),
    policy('demo-gateway', 'gateway', { egress: [{ to: [peer('demo')], ports: ports(github, model) }] }),
  ];
}

/** Its address is known by name alone, so its port is opened to all. */
function toUpstream(url: string): Manifest {
  const { port, protocol } = new URL(url);
  const number = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
  return policy('demo-upstream', 'gateway', { egress: [{ ports: ports(number) }] });
}

function policy(
  name: string,
  of: string,
  rules: { readonly ingress?: readonly object[]; readonly egress?: readonly object[] },
): Manifest {
  const policyTypes = [...(rules.ingress ? ['Ingress'] : []), ...(rules.egress ? ['Egress'] : [])];
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace },
    spec: { podSelector: { matchLabels: component(of) }, policyTypes, ...rules },
  };
}

function peer(name: string): object {
  return { podSelector: { matchLabels: component(name) } };
}

function ports(...numbers: readonly number[]): object[] {
  return numbers.map((port) => ({ port, protocol: 'TCP' }));
}

/** To any address: clusters answer names from pods, from the node, or from elsewhere. */
function dns(): object {
  return { ports: [{ port: 53, protocol: 'UDP' }, ...ports(53)] };
}
