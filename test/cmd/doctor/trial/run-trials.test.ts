/** Trial sandboxes against an API server by table: made as the bot, told what stands around them, or refused, and that is said. */
import { beforeEach, describe, expect, it } from 'vitest';
import { createTrials } from '../../../../src/cmd/doctor/trial/run-trials.ts';
import { ADMIN_TEXT, buildCluster, buildInstalled } from '../../../builders/doctor-cluster.ts';
import { forbidden, refusal } from '../../../fakes/fake-kube-requests.ts';
import { JOBS, REVIEWS, servicePath, TrialCluster, TrialJob } from '../../../fixtures/trial-cluster.ts';

const BOT = 'system:serviceaccount:glovebox:bot';
const GATEWAY = 'system:serviceaccount:glovebox:gateway';

let cluster: TrialCluster;
beforeEach(() => {
  cluster = new TrialCluster();
});

describe('a trial sandbox', () => {
  it('is a Job of ours, made and removed as the bot', async () => {
    await cluster.run();
    const [made] = cluster.kube.asked.filter(({ method, path }) => method === 'POST' && path === JOBS);
    expect(made?.as).toBe(BOT);
    expect(TrialJob.parse(made?.body).metadata.labels).toMatchObject({
      'app.kubernetes.io/component': 'sandbox',
      'glovebox.dev/store': 'doctor',
    });
    const removed = cluster.kube.asked.filter(({ method }) => method === 'DELETE');
    expect(removed.map(({ as, body }) => [as, body])).toEqual([
      [BOT, { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Foreground' }],
    ]);
    expect(cluster.job).toBeNull();
  });

  it('is told what is on this cluster: API server, bot, outside, metadata, nodes', async () => {
    const { around } = await cluster.run();
    expect(around.gateway).toEqual({ address: '198.19.7.7', port: 8_080 });
    expect(around.canaries.map(({ address }) => address)).toEqual([
      '198.18.0.1:16443',
      '198.19.0.1:443',
      '169.254.169.254:80',
      '198.19.7.8:3000',
      '198.51.100.10:80',
    ]);
    expect(around.nodes).toEqual([{ address: '198.18.0.1:10250', what: 'kubelet of node-1' }]);
    expect(around.nameServers).toEqual(['198.19.0.10', '169.254.20.10']);
    expect(around.untried).toEqual([]);
  });

  it('says what of that it could not learn', async () => {
    cluster.kube.on('GET', '/api/v1/nodes', () => forbidden('list', 'nodes'));
    cluster.kube.on('GET', servicePath('kube-system', 'kube-dns'), () => refusal(404, 'not found'));
    const { around } = await cluster.run();
    expect(around.untried.map(({ state, text }) => [state, text])).toEqual([
      ['warns', "a pod's own node is not tried: the nodes cannot be read: this account may not"],
      ['warns', "the cluster's name servers are not tried: no Service kube-dns can be read in kube-system"],
    ]);
    expect(around.nameServers).toEqual(['169.254.20.10']);
  });

  it('shows its token to the API server as the gateway, for its own audience, another, and none', async () => {
    const { token } = await cluster.run();
    expect(token).toEqual({
      asked: true,
      own: 'system:serviceaccount:glovebox-sandbox:sandbox',
      passesForOther: false,
      passesForServer: false,
    });
    const asked = cluster.kube.asked.filter(({ path }) => path === REVIEWS);
    expect(asked.map(({ as }) => as)).toEqual([GATEWAY, GATEWAY, GATEWAY]);
  });
});

describe('where no Job can be made', () => {
  it.each([
    {
      name: 'we may not act as the bot',
      answer: refusal(
        403,
        'users "x" is forbidden: User "octocat" cannot impersonate resource "users" in API group ""',
      ),
      says: ['warns', `no test pod: this account may not act as ${BOT}`],
    },
    {
      name: 'a policy refuses it',
      answer: refusal(422, "ValidatingAdmissionPolicy 'glovebox-sandbox-pod' denied request: no"),
      says: [
        'fails',
        "no test pod in glovebox-sandbox: ValidatingAdmissionPolicy 'glovebox-sandbox-pod' denied request: no",
      ],
    },
  ])('since $name, that is said', async ({ answer, says }) => {
    cluster.kube.on('POST', JOBS, () => answer);
    const run = createTrials(buildCluster(cluster.kube), async () => '198.18.0.1');
    const { trials, refused } = await run(new AbortController().signal);
    expect(trials).toEqual([]);
    expect(refused.map(({ state, text }) => [state, text])).toEqual([says]);
  });

  it('in one namespace, those of another are tried all the same', async () => {
    const two = ADMIN_TEXT.replace(
      'defaultTemplate',
      '  closed: { isolation: pod, image: other, pod: { namespace: closed } }\ndefaultTemplate',
    );
    cluster.kube.on('POST', '/apis/batch/v1/namespaces/closed/jobs', () =>
      refusal(403, 'namespace is terminating'),
    );
    const withTwo = buildCluster(cluster.kube, { installed: async () => buildInstalled(two) });
    const { trials, refused } = await createTrials(withTwo, async () => '')(new AbortController().signal);
    expect(trials.map(({ template }) => template.name)).toEqual(['node-24']);
    expect(refused.map(({ text }) => text)).toEqual(['no test pod in closed: namespace is terminating']);
  });

  it('as the bot itself there is nobody to impersonate', async () => {
    const asBot = buildCluster(cluster.kube, { me: async () => BOT });
    await createTrials(asBot, async () => '198.18.0.1')(new AbortController().signal);
    const [made] = cluster.kube.asked.filter(({ method, path }) => method === 'POST' && path === JOBS);
    expect(made?.as).toBeNull();
  });
});
