/** Admission: which answers to dry runs are good, and that each forbidden Job differs from the right one in one thing. */
import { describe, expect, it } from 'vitest';
import type { KubeAnswer, KubeAsk } from '../../../../src/cmd/doctor/cluster/kube-requests.ts';
import { admissionCheck, judgeAttempts, judgeStranger } from '../../../../src/cmd/doctor/policy/admission.ts';
import { FORBIDDEN_JOBS } from '../../../../src/cmd/doctor/policy/forbidden-jobs.ts';
import { trialJob } from '../../../../src/cmd/doctor/trial/trial-job.ts';
import { buildCluster, buildInstalled, SURROUNDINGS } from '../../../builders/doctor-cluster.ts';
import { answered, fakeKube, forbidden, refusal } from '../../../fakes/fake-kube-requests.ts';

const JOBS = '/apis/batch/v1/namespaces/glovebox-sandbox/jobs';
const POLICY = refusal(
  422,
  "jobs.batch is forbidden: ValidatingAdmissionPolicy 'glovebox-sandbox-pod' with binding 'glovebox-sandbox-pod' denied request: no",
);
const answer = (partial: Partial<KubeAnswer>): KubeAnswer => ({
  status: 200,
  body: null,
  date: null,
  warning: null,
  ...partial,
});
const [template] = buildInstalled().templates;
if (template === undefined) throw new Error('no template');
const JOB = trialJob({
  template,
  env: buildInstalled().env,
  around: SURROUNDINGS,
  answerKey: 'key',
  number: 1,
});

describe('what is said of attempts', () => {
  const refused = { what: 'a Job that runs as root', answer: answer(POLICY) };

  it.each([
    {
      name: 'all refused by us',
      more: [],
      says: ['ok', 'boxes: our Job passes, 1 others are refused by 1 policies'],
    },
    {
      name: 'one let in',
      more: [{ what: 'exec into a pod', answer: answer(refusal(404, 'not found')) }],
      says: ['fails', 'boxes lets in exec into a pod'],
    },
    {
      name: 'one refused by somebody else, which proves nothing of ours',
      more: [
        { what: 'a Job that has name servers', answer: answer(refusal(422, 'Job is invalid: dnsConfig')) },
      ],
      says: ['fails', 'boxes lets in a Job that has name servers'],
    },
    {
      name: 'one refused by RBAC, before admission was asked',
      more: [{ what: 'exec into a pod', answer: answer(forbidden('create', 'pods/exec')) }],
      says: ['warns', expect.stringContaining('not tried, for want of rights: exec into a pod')],
    },
  ])('$name', ({ more, says }) => {
    const { state, text } = judgeAttempts('boxes', [refused, ...more]);
    expect([state, text]).toEqual(says);
  });

  it('where many are let in, three are named', () => {
    const attempts = FORBIDDEN_JOBS.map(({ what }) => ({
      what: `a Job that ${what}`,
      answer: answer(answered({}, 201)),
    }));
    expect(judgeAttempts('boxes', attempts)).toMatchObject({
      state: 'fails',
      text: expect.stringMatching(/^boxes lets in a Job that shares its node's network; .*; and \d+ more$/),
    });
  });
});

describe('what is said of the right Job in other hands', () => {
  it.each([
    { name: 'refused by us', given: POLICY, says: null },
    { name: 'taken', given: answered({}, 201), says: 'fails' },
    { name: 'refused by RBAC alone', given: forbidden('create', 'jobs'), says: 'warns' },
  ])('$name', ({ given, says }) => {
    expect(judgeStranger(answer(given), 'boxes')?.state ?? null).toBe(says);
  });
});

it.each(FORBIDDEN_JOBS)('a Job that $what is our own but for that', ({ of }) => {
  const changed = JSON.stringify(of(JOB));
  expect(changed).not.toBe(JSON.stringify(JOB));
  expect(JSON.stringify(of(JOB))).toBe(changed);
  expect(of(JOB).metadata).toEqual(JOB.metadata);
});

describe('the dry runs', () => {
  const others = (path: string): boolean => path.startsWith('/api/v1/namespaces/glovebox-sandbox/');

  function cluster(onJob: (ask: KubeAsk) => Partial<KubeAnswer>) {
    const kube = fakeKube();
    kube.on('GET', '/api/v1/namespaces/glovebox/services/gateway', () =>
      answered({ spec: { clusterIP: '198.19.7.7', ports: [{ port: 8_080 }] } }),
    );
    kube.on('POST', JOBS, onJob);
    for (const path of ['pods', 'serviceaccounts/sandbox/token', 'pods/gb-doctor-nobody/exec']) {
      kube.on('POST', `/api/v1/namespaces/glovebox-sandbox/${path}`, () => POLICY);
    }
    return kube;
  }
  /** Good for the first Job of the bot's, ours; refused for every other. */
  const policies = () => {
    let seen = 0;
    return ({ as }: KubeAsk) => (as && seen++ === 0 ? answered({}, 201) : POLICY);
  };

  it('make nothing: every one says dryRun, or names a pod that is not there', async () => {
    const kube = cluster(policies());
    const [first] = await admissionCheck(buildCluster(kube), async () => '').run(
      new AbortController().signal,
    );
    expect(first).toMatchObject({
      state: 'ok',
      text: expect.stringContaining('our Job passes, 16 others are refused'),
    });
    const posted = kube.asked.filter(
      ({ method, path }) => method === 'POST' && (path.startsWith(JOBS) || others(path)),
    );
    expect(posted.length).toBe(18);
    for (const { path } of posted) expect(path).toMatch(/\?dryRun=All$|\/pods\/gb-doctor-nobody\/exec\?/);
  });

  it('are made as the bot, but for those of other hands', async () => {
    const kube = cluster(policies());
    await admissionCheck(buildCluster(kube), async () => '').run(new AbortController().signal);
    const users = kube.asked.filter(({ path }) => path.startsWith(JOBS)).map(({ as }) => as ?? 'octocat');
    expect(users.at(-1)).toBe('octocat');
    expect(new Set(users.slice(0, -1))).toEqual(new Set(['system:serviceaccount:glovebox:bot']));
  });

  it.each([
    {
      name: 'a cluster that refuses our own Job',
      onJob: () => POLICY,
      says: ['fails', /^glovebox-sandbox refuses our own Job: .*glovebox-sandbox-pod/],
    },
    {
      name: 'Pod Security that would refuse the pod later',
      onJob: () => ({
        ...answered({}, 201),
        warning: '299 - "would violate PodSecurity \\"restricted:latest\\""',
      }),
      says: ['fails', /^glovebox-sandbox would refuse our pods: 299/],
    },
    {
      name: 'that we may not act as the bot',
      onJob: () => refusal(403, 'User "octocat" cannot impersonate resource "users" in API group ""'),
      says: ['warns', /^not checked: this account may not act as the bot/],
    },
    {
      name: 'policies without their bindings',
      onJob: () => answered({}, 201),
      says: ['fails', /^glovebox-sandbox lets in a Job that shares/],
    },
  ])('find $name', async ({ onJob, says: [state, text] }) => {
    const [first] = await admissionCheck(buildCluster(cluster(onJob)), async () => '').run(
      new AbortController().signal,
    );
    expect(first).toMatchObject({ state, text: expect.stringMatching(text ?? '') });
  });

  it('by the bot itself say what they could not try', async () => {
    let seen = 0;
    const kube = cluster(() => (seen++ === 0 ? answered({}, 201) : POLICY));
    const bot = buildCluster(kube, { me: async () => 'system:serviceaccount:glovebox:bot' });
    const found = await admissionCheck(bot, async () => '').run(new AbortController().signal);
    expect(found.map(({ state }) => state)).toEqual(['ok', 'warns']);
    expect(found[1]?.text).toContain('that others are refused was not tried');
  });
});
