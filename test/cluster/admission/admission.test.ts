/**
 * The admission policies of the sandbox namespaces on a real API server: our own two Jobs and their pods are let in, each
 * mutation of them is refused with our words, and the same mutation is taken where the policies do not hold.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobManifest } from '../../../src/job/kube-objects.ts';
import { clusterHere, inNamespace, kubectl, type TestNamespace, tryKubectl } from '../../fixtures/cluster.ts';
import { openClusterApi, type Who } from '../../fixtures/cluster-api.ts';
import { type TestImages, testImages } from '../../fixtures/cluster-images.ts';
import { type Installed, installGlovebox } from '../../fixtures/installed-glovebox.ts';
import { CONTAINER_MUTATIONS } from './container-mutations.ts';
import { JOB_MUTATIONS } from './job-mutations.ts';
import { jobOf } from './job-parts.ts';
import { legitimateJobs, podOfJob } from './legitimate-jobs.ts';
import { POD_MUTATIONS } from './pod-mutations.ts';
import { PRIVILEGE_MUTATIONS } from './privilege-mutations.ts';
import { VOLUME_MUTATIONS } from './volume-mutations.ts';

const MUTATIONS = [
  ...JOB_MUTATIONS,
  ...POD_MUTATIONS,
  ...VOLUME_MUTATIONS,
  ...CONTAINER_MUTATIONS,
  ...PRIVILEGE_MUTATIONS,
];
const JOB_CONTROLLER = { user: 'system:serviceaccount:kube-system:job-controller' };

const WORK = 'gb-7k2m9q-work-0123456789';

describe.runIf(clusterHere)('admission to a sandbox namespace', () => {
  let images: TestImages;
  let installed: Installed;
  let open: TestNamespace;
  let api: ReturnType<typeof openClusterApi>;
  let bot: Who;

  beforeAll(async () => {
    images = await testImages();
    installed = await installGlovebox({ images, replicas: 0 });
    open = await inNamespace('wt-admission');
    bot = { user: `system:serviceaccount:${installed.control}:bot` };
    await kubectl([
      'create',
      'rolebinding',
      'bot',
      '-n',
      open.name,
      '--clusterrole=admin',
      `--user=${bot.user}`,
    ]);
    api = openClusterApi();
  }, 900_000);

  afterAll(async () => {
    api?.close();
    await open?.close();
    await installed?.close();
  });

  const jobs = (namespace = 'glovebox-sandbox') => installed.rename(legitimateJobs(images, namespace));
  const tryJob = (job: JobManifest, who: Who) =>
    api.tryCreate(`/apis/batch/v1/namespaces/${job.metadata?.namespace}/jobs`, job, who);
  const tryPod = (pod: object, who: Who) =>
    api.tryCreate(`/api/v1/namespaces/${installed.sandbox}/pods`, pod, who);

  it.each(['work', 'verify'] as const)(
    'takes the %s Job and its pod, which Pod Security takes too',
    async (kind) => {
      const job = jobs()[kind];

      expect(await tryJob(job, bot)).toMatchObject({ status: 201, warnings: '' });
      expect(await tryPod(podOfJob(job), JOB_CONTROLLER)).toMatchObject({ status: 201, warnings: '' });
    },
  );

  describe.each(MUTATIONS)('$what', ({ job, change, message }) => {
    const mutated = (namespace?: string): JobManifest => {
      const copy = structuredClone(jobs(namespace)[job]);
      change(copy);
      return copy;
    };

    it('is refused with our words', async () => {
      const answer = await tryJob(mutated(), bot);

      expect(answer.message).toContain(`ValidatingAdmissionPolicy '${installed.sandbox}-`);
      expect(answer.message).toContain(message);
      expect(answer.status).toBe(422);
    });

    it('is taken in a namespace that the policies do not hold (counter-test)', async () => {
      expect(await tryJob(mutated(open.name), bot)).toMatchObject({ status: 201 });
    });
  });

  it.each([
    ['a person with all rights', { user: 'octocat', groups: ['system:masters'] }],
    [
      'the gateway with all rights',
      { user: 'system:serviceaccount:glovebox:gateway', groups: ['system:masters'] },
    ],
    ['the cron controller', { user: 'system:serviceaccount:kube-system:cronjob-controller' }],
  ])('%s makes no Job, however well shaped', async (_who, who) => {
    const { status, message } = await tryJob(jobs().work, who);

    expect({ status, message }).toMatchObject({
      status: 403,
      message: expect.stringContaining('only the bot makes Jobs'),
    });
  });

  it.each([
    ['the bot with all rights', 'bot', ['system:masters']],
    ['a replica set', 'system:serviceaccount:kube-system:replicaset-controller', []],
  ])('%s makes no pod, however well shaped', async (_who, user, groups) => {
    const who = { user: user === 'bot' ? bot.user : user, groups };
    const { status, message } = await tryPod(podOfJob(jobs().work), who);

    expect({ status, message }).toMatchObject({
      status: 403,
      message: expect.stringContaining('only the Job controller'),
    });
  });

  it.each([
    ['without its Job', { ownerReferences: [] }],
    [
      'that belongs to another Job than it says',
      {
        ownerReferences: [
          { apiVersion: 'batch/v1', kind: 'Job', name: 'gb-other', uid: 'a', controller: true },
        ],
      },
    ],
    [
      'of something else of that name',
      {
        ownerReferences: [
          { apiVersion: 'example.com/v1', kind: 'Job', name: WORK, uid: 'a', controller: true },
        ],
      },
    ],
  ])('a pod %s is refused to the Job controller too', async (_what, changed) => {
    const pod = podOfJob(jobs().work);
    const { message } = await tryPod({ ...pod, metadata: { ...pod.metadata, ...changed } }, JOB_CONTROLLER);

    expect(message).toContain('belongs to the Job that its label names');
  });

  it('a pod of another Job cannot ask for its token, by the name that the Job controller gives it', async () => {
    const { work } = jobs();
    const pod = podOfJob(work);
    const other = {
      ...pod.metadata,
      labels: { ...pod.metadata.labels, 'batch.kubernetes.io/job-name': 'gb-other' },
    };
    const owners = pod.metadata.ownerReferences.map((owner) => ({ ...owner, name: 'gb-other' }));
    const { message } = await tryPod(
      { ...pod, metadata: { ...other, ownerReferences: owners } },
      JOB_CONTROLLER,
    );

    expect(message).toContain('made for one phase of its own Job');
  });

  it('a Job that waits stays as it was made: nobody adds pods, and nobody but the bot lets it go', async () => {
    const job = structuredClone(jobs().work);
    jobOf(job).suspend = true;
    await kubectl(['create', `--as=${bot.user}`, '-f', '-'], { input: JSON.stringify(job) });
    const name = job.metadata?.name ?? '';
    const patch = (change: object, ...as: readonly string[]) =>
      tryKubectl([
        'patch',
        'job',
        name,
        '-n',
        installed.sandbox,
        '--type=merge',
        '-p',
        JSON.stringify(change),
        ...as,
      ]);
    const asBot = ['--as', bot.user, '--as-group', 'system:masters'];

    for (const change of [{ spec: { suspend: false } }, { metadata: { labels: { a: 'b' } } }]) {
      expect((await patch(change)).stderr).toContain('only the bot and the Job controller change a Job');
    }
    expect((await patch({ spec: { parallelism: 2 } })).stderr).toContain('denied request');
    expect((await patch({ spec: { parallelism: 2 } }, ...asBot)).stderr).toContain('has one pod');
    expect((await patch({ spec: { suspend: false } }, '--dry-run=server', ...asBot)).code).toBe(0);
    await kubectl(['delete', 'job', name, '-n', installed.sandbox]);
  });

  it('the expressions fit the types of the API server', async () => {
    for (const policy of ['origin', 'job', 'pod', 'volumes', 'containers', 'sealed']) {
      const path = ['get', 'validatingadmissionpolicy', `${installed.sandbox}-${policy}`, '-o', 'json'];
      const typeChecking = async () => JSON.parse(await kubectl(path)).status?.typeChecking;
      await expect.poll(typeChecking, { timeout: 10_000 }).toEqual({});
    }
  });
});
