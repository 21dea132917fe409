/** An installation as the doctor's checks see it, without a cluster. */
import type { Cluster, Installed } from '../../src/cmd/doctor/cluster/cluster.ts';
import { installedOf } from '../../src/cmd/doctor/cluster/installed.ts';
import type { KubeRequests } from '../../src/cmd/doctor/cluster/kube-requests.ts';
import type { Surroundings } from '../../src/cmd/doctor/trial/surroundings.ts';
import type { Trial } from '../../src/cmd/doctor/trial/trial.ts';
import type { SelfTestAnswer } from '../../src/result/contract/self-test.ts';
import { systemRandom } from '../../src/shared/ids.ts';

export const ADMIN_TEXT = `
templates:
  node-24: { isolation: pod, image: docker.io/library/node:24-bookworm-slim, memory: 4 GB, disk: 4 GB }
defaultTemplate: node-24
models: { claude-sonnet-4-6: {} }
defaultModel: claude-sonnet-4-6
budget: { perTask: 5.00, organisation: { day: 200 } }
concurrency: { installation: 8 }
`;

const RUNNER_IMAGE = 'registry.example.com/glovebox/runner:1';

/** What its bot runs with. */
export function buildInstalled(adminText = ADMIN_TEXT): Installed {
  const environment = { GLOVEBOX_RUNNER_IMAGE: RUNNER_IMAGE, GLOVEBOX_CANARIES: '198.51.100.10:80' };
  const installed = installedOf({ environment, adminText: { text: adminText, from: 'glovebox.config.yml' } });
  if ('state' in installed) throw new Error(installed.text);
  return installed;
}

/** The cluster around it; a clock that does not wait. */
export function buildCluster(kube: KubeRequests, overrides: Partial<Cluster> = {}): Cluster {
  let now = Date.parse('2026-11-21T14:05:02Z');
  return {
    kube,
    namespace: 'glovebox',
    inPod: false,
    clock: {
      now: () => now,
      sleep: async (ms, signal) => {
        signal?.throwIfAborted();
        now += ms;
      },
    },
    random: systemRandom,
    me: async () => 'octocat',
    installed: async () => buildInstalled(),
    ...overrides,
  };
}

export const SURROUNDINGS: Surroundings = {
  gateway: { address: '198.19.7.7', port: 8_080 },
  canaries: [
    { address: '198.18.0.1:16443', what: 'API server' },
    { address: '169.254.169.254:80', what: 'metadata service' },
  ],
  nameServers: ['198.19.0.10', '169.254.20.10'],
  nodes: [
    { address: '198.18.0.1:10250', what: 'kubelet of node-1' },
    { address: '198.18.0.2:10250', what: 'kubelet of node-2' },
  ],
  untried: [],
};

/** What a container answers behind a fence that holds. */
export function buildAnswer(overrides: Partial<SelfTestAnswer> = {}): SelfTestAnswer {
  return { reached: [], doubtful: [], gateway: 200, credentials: [], sealedToken: 'sealed', ...overrides };
}

/** A trial whose two containers answered; `answer` is what fetch says. */
export function buildTrial(overrides: Partial<Trial> = {}, answer: Partial<SelfTestAnswer> = {}): Trial {
  const [template] = buildInstalled().templates;
  if (template === undefined) throw new Error('the admin text has no template');
  const ended = { exitCode: 0, reason: 'Completed', message: '' };
  return {
    template,
    runnerImage: RUNNER_IMAGE,
    around: SURROUNDINGS,
    trouble: null,
    containers: [
      { name: 'fetch', ...ended, answer: buildAnswer(answer) },
      { name: 'work', ...ended, answer: buildAnswer({ gateway: null }) },
    ],
    node: '198.18.0.1',
    token: {
      asked: true,
      own: 'system:serviceaccount:glovebox-sandbox:sandbox',
      passesForOther: false,
      passesForServer: false,
    },
    leftOver: null,
    ...overrides,
  };
}
