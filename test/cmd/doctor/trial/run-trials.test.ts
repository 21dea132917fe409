/** Trial sandboxes against an API server by table: made as the bot, followed to their end, and removed whatever happens. */
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createTrials } from '../../../../src/cmd/doctor/trial/run-trials.ts';
import type { Trial } from '../../../../src/cmd/doctor/trial/trial.ts';
import { RunnerLayout } from '../../../../src/result/contract/layout.ts';
import { sealTo } from '../../../../src/shared/answer-key.ts';
import { GloveboxError } from '../../../../src/shared/errors.ts';
import { systemRandom } from '../../../../src/shared/ids.ts';
import { ADMIN_TEXT, buildAnswer, buildCluster, buildInstalled } from '../../../builders/doctor-cluster.ts';
import { answered, type FakeKube, fakeKube, forbidden, refusal } from '../../../fakes/fake-kube-requests.ts';

const BOT = 'system:serviceaccount:glovebox:bot';
const GATEWAY = 'system:serviceaccount:glovebox:gateway';
const JOBS = '/apis/batch/v1/namespaces/glovebox-sandbox/jobs';
const PODS = '/api/v1/namespaces/glovebox-sandbox/pods';
const EVENTS = '/api/v1/namespaces/glovebox-sandbox/events';
const REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews';
const SERVICE = (namespace: string, name: string) => `/api/v1/namespaces/${namespace}/services/${name}`;

const Job = z.object({
  metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()) }),
  spec: z.object({
    template: z.object({
      spec: z.object({
        initContainers: z.array(
          z.object({ command: z.tuple([z.string(), z.string(), z.string(), z.string()]) }),
        ),
      }),
    }),
  }),
});

let kube: FakeKube;
let job: z.infer<typeof Job> | null;
let ended: Record<string, unknown>[];

beforeEach(() => {
  kube = fakeKube();
  job = null;
  const service = (clusterIP: string, port: number) => () =>
    answered({ spec: { clusterIP, ports: [{ port }] } });
  kube.on('GET', SERVICE('glovebox', 'gateway'), service('198.19.7.7', 8_080));
  kube.on('GET', SERVICE('glovebox', 'bot'), service('198.19.7.8', 3_000));
  kube.on('GET', SERVICE('default', 'kubernetes'), service('198.19.0.1', 443));
  kube.on('GET', SERVICE('kube-system', 'kube-dns'), service('198.19.0.10', 53));
  kube.on('GET', '/api/v1/nodes', () =>
    answered({
      items: [
        {
          metadata: { name: 'node-1' },
          status: { addresses: [{ type: 'InternalIP', address: '198.18.0.1' }] },
        },
      ],
    }),
  );
  kube.on('GET', JOBS, () => answered({ items: [] }));
  kube.on('GET', EVENTS, () => answered({ items: [] }));
  kube.on('POST', JOBS, ({ body }) => {
    job = Job.parse(body);
    kube.on('DELETE', `${JOBS}/${job.metadata.name}`, () => {
      job = null;
      return answered({});
    });
    return answered({}, 201);
  });
  kube.on('GET', PODS, () => answered({ items: job ? [podOf(ended)] : [] }));
  kube.on('POST', REVIEWS, ({ body }) => {
    const { spec } = z
      .object({ spec: z.object({ token: z.string(), audiences: z.array(z.string()).optional() }) })
      .parse(body);
    const isOwn =
      spec.token === 'the-token' &&
      spec.audiences?.[0]?.startsWith('glovebox-fetch.gb-doctor-work-') === true;
    const user = { username: 'system:serviceaccount:glovebox-sandbox:sandbox' };
    return answered({ status: isOwn ? { authenticated: true, user } : { error: 'invalid' } }, 201);
  });
  ended = [];
});

function podOf(containers: Record<string, unknown>[]) {
  const statuses = containers.length > 0 ? containers : [done('fetch'), done('work')];
  return {
    metadata: { name: 'gb-doctor' },
    spec: {
      initContainers: [{ name: 'fetch', image: 'runner' }],
      containers: [{ name: 'work', image: 'node' }],
    },
    status: {
      phase: containers.length > 0 ? 'Pending' : 'Succeeded',
      hostIP: '198.18.0.1',
      initContainerStatuses: statuses.slice(0, 1),
      containerStatuses: statuses.slice(1),
    },
  };
}

/** As the runner would: its answer sealed to the key of the layout that it was given. */
function done(name: string) {
  const [, , , layout = ''] = job?.spec.template.spec.initContainers[0]?.command ?? [];
  const { selfTest } = RunnerLayout.parse(JSON.parse(layout.replaceAll('$$', '$')));
  const sealedToken = sealTo(selfTest?.answerKey ?? '', 'the-token', systemRandom);
  const message = JSON.stringify(buildAnswer({ sealedToken }));
  return { name, state: { terminated: { exitCode: 0, reason: 'Completed', message } } };
}

async function run(signal = new AbortController().signal): Promise<Trial> {
  const { trials, refused } = await createTrials(buildCluster(kube), async () => '198.18.0.1')(signal);
  const [trial] = trials;
  if (trial === undefined) throw new Error(refused.map(({ text }) => text).join());
  return trial;
}

describe('a trial sandbox', () => {
  it('is a Job of ours, made and removed as the bot', async () => {
    await run();
    const [made] = kube.asked.filter(({ method, path }) => method === 'POST' && path === JOBS);
    expect(made?.as).toBe(BOT);
    expect(Job.parse(made?.body).metadata.labels).toMatchObject({
      'app.kubernetes.io/component': 'sandbox',
      'glovebox.dev/store': 'doctor',
    });
    const removed = kube.asked.filter(({ method }) => method === 'DELETE');
    expect(removed.map(({ as, body }) => [as, body])).toEqual([
      [BOT, { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Foreground' }],
    ]);
    expect(job).toBeNull();
  });

  it('is told what is on this cluster: API server, bot, outside, metadata, nodes', async () => {
    const { around } = await run();
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
    kube.on('GET', '/api/v1/nodes', () => forbidden('list', 'nodes'));
    kube.on('GET', SERVICE('kube-system', 'kube-dns'), () => refusal(404, 'not found'));
    const { around } = await run();
    expect(around.untried.map(({ state, text }) => [state, text])).toEqual([
      ['warns', "a pod's own node is not tried: the nodes cannot be read: this account may not"],
      ['warns', "the cluster's name servers are not tried: no Service kube-dns can be read in kube-system"],
    ]);
    expect(around.nameServers).toEqual(['169.254.20.10']);
  });

  it('shows its token to the API server as the gateway, for its own audience, another, and none', async () => {
    const { token } = await run();
    expect(token).toEqual({
      asked: true,
      own: 'system:serviceaccount:glovebox-sandbox:sandbox',
      passesForOther: false,
      passesForServer: false,
    });
    const asked = kube.asked.filter(({ path }) => path === REVIEWS);
    expect(asked.map(({ as }) => as)).toEqual([GATEWAY, GATEWAY, GATEWAY]);
  });

  it('ends with the image and the kubelet’s reason where that cannot be pulled, and is removed', async () => {
    const waiting = { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } };
    ended = [{ name: 'fetch', state: waiting }];
    expect(await run()).toMatchObject({
      trouble: {
        kind: 'image-not-pulled',
        message: "Image 'runner': ImagePullBackOff: Back-off pulling image",
      },
      containers: [],
      token: null,
    });
    expect(job).toBeNull();
  });

  it('ends with the quota’s own words where it gets no pod, and is removed', async () => {
    kube.on('GET', PODS, () => answered({ items: [] }));
    kube.on('GET', EVENTS, () =>
      answered({
        items: [
          {
            metadata: { name: 'e' },
            involvedObject: { kind: 'Job', name: 'gb' },
            reason: 'FailedCreate',
            message: 'pods is forbidden: exceeded quota: sandbox',
          },
        ],
      }),
    );
    expect((await run()).trouble).toEqual({
      kind: 'quota-full',
      message: 'pods is forbidden: exceeded quota: sandbox',
    });
    expect(job).toBeNull();
  });

  it('ends by itself where nothing is ever heard of it, and is removed', async () => {
    kube.on('GET', PODS, () => answered({ items: [] }));
    expect((await run()).trouble).toEqual({ kind: 'start-failed', message: 'it did not end within 180 s' });
    expect(job).toBeNull();
  });

  it('is removed where its pod cannot be watched', async () => {
    kube.on('GET', PODS, () => forbidden('list', 'pods'));
    await expect(run()).rejects.toMatchObject({ code: 'kubernetes-refused' });
    expect(job).toBeNull();
  });

  it('is removed where somebody interrupts', async () => {
    const interrupted = new AbortController();
    ended = [{ name: 'fetch', state: { running: {} } }];
    kube.on('GET', PODS, () => {
      interrupted.abort(new Error('interrupted'));
      return answered({ items: [podOf(ended)] });
    });
    await expect(run(interrupted.signal)).rejects.toThrow('interrupted');
    expect(job).toBeNull();
  });

  it('says what is left where it cannot be removed', async () => {
    kube.on('GET', PODS, () => {
      const name = job?.metadata.name ?? '';
      kube.on('DELETE', `${JOBS}/${name}`, () => forbidden('delete', 'jobs'));
      kube.on('GET', `${JOBS}/${name}`, () => answered({}));
      return answered({ items: [podOf(ended)] });
    });
    const { leftOver } = await run();
    expect(leftOver).toMatchObject({
      state: 'warns',
      fix: expect.stringMatching(/^kubectl delete job -n glovebox-sandbox gb-doctor-work-[0-9a-f]{10}$/),
    });
  });
});

describe('before a trial', () => {
  it('Jobs that a killed run left are removed, and those of a run under way are not', async () => {
    const old = { name: 'gb-doctor-work-old', creationTimestamp: '2026-11-21T13:00:00Z' };
    const fresh = { name: 'gb-doctor-work-new', creationTimestamp: '2026-11-21T14:05:00Z' };
    kube.on('GET', JOBS, () => answered({ items: [{ metadata: old }, { metadata: fresh }] }));
    await run();
    const deleted = kube.asked.filter(({ method }) => method === 'DELETE').map(({ path }) => path);
    expect(deleted).toContain(`${JOBS}/gb-doctor-work-old`);
    expect(deleted).not.toContain(`${JOBS}/gb-doctor-work-new`);
    const [listed] = kube.asked.filter(({ path }) => path.startsWith(`${JOBS}?`));
    expect(listed?.path).toContain(encodeURIComponent('glovebox.dev/store=doctor'));
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
    kube.on('POST', JOBS, () => answer);
    const run = createTrials(buildCluster(kube), async () => '198.18.0.1');
    const { trials, refused } = await run(new AbortController().signal);
    expect(trials).toEqual([]);
    expect(refused.map(({ state, text }) => [state, text])).toEqual([says]);
  });

  it('in one namespace, those of another are tried all the same', async () => {
    const two = ADMIN_TEXT.replace(
      'defaultTemplate',
      '  closed: { isolation: pod, image: other, pod: { namespace: closed } }\ndefaultTemplate',
    );
    kube.on('POST', '/apis/batch/v1/namespaces/closed/jobs', () => refusal(403, 'namespace is terminating'));
    const cluster = buildCluster(kube, { installed: async () => buildInstalled(two) });
    const { trials, refused } = await createTrials(cluster, async () => '')(new AbortController().signal);
    expect(trials.map(({ template }) => template.name)).toEqual(['node-24']);
    expect(refused.map(({ text }) => text)).toEqual(['no test pod in closed: namespace is terminating']);
  });

  it('since nobody answered, it is removed: it may have been made', async () => {
    kube.on('POST', JOBS, ({ body }) => {
      job = Job.parse(body);
      const { name } = job.metadata;
      kube.on('DELETE', `${JOBS}/${name}`, () => {
        job = null;
        return answered({});
      });
      throw new GloveboxError({ code: 'kubernetes-unavailable', message: 'no answer' });
    });
    await expect(run()).rejects.toMatchObject({ code: 'kubernetes-unavailable' });
    expect(job).toBeNull();
  });

  it('as the bot itself there is nobody to impersonate', async () => {
    const cluster = buildCluster(kube, { me: async () => BOT });
    await createTrials(cluster, async () => '198.18.0.1')(new AbortController().signal);
    const [made] = kube.asked.filter(({ method, path }) => method === 'POST' && path === JOBS);
    expect(made?.as).toBeNull();
  });
});
