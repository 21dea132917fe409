/** What the doctor says of a trial sandbox: its fence, its images, its token. */
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../../src/cmd/doctor/check.ts';
import { fenceCheck, judgeFence } from '../../../../src/cmd/doctor/trial/fence.ts';
import { identityCheck, judgeIdentity } from '../../../../src/cmd/doctor/trial/identity.ts';
import { imagesCheck, judgeImages } from '../../../../src/cmd/doctor/trial/images.ts';
import type { Trial } from '../../../../src/cmd/doctor/trial/trial.ts';
import { buildCluster, buildTrial } from '../../../builders/doctor-cluster.ts';
import { answered, fakeKube, forbidden } from '../../../fakes/fake-kube-requests.ts';

const said = (findings: readonly Finding[]) => findings.map(({ state, text, fix }) => [state, text, fix]);
const FENCED = 'glovebox-sandbox: of 4 addresses nobody answers but the gateway';
const ENFORCE = 'use a network plugin that enforces NetworkPolicy';
const IMAGE = 'docker.io/library/node:24-bookworm-slim';

describe('what is said of the fence', () => {
  it.each<{ name: string; trial: Trial; covered?: boolean | null; says: unknown[][] }>([
    { name: 'that holds', trial: buildTrial(), says: [['ok', FENCED, null]] },
    {
      name: 'through which the metadata service answers',
      trial: buildTrial({}, { reached: ['169.254.169.254:80'] }),
      says: [['fails', 'test pod reached 169.254.169.254:80 (metadata service)', ENFORCE]],
    },
    {
      name: 'without a NetworkPolicy',
      trial: buildTrial({}, { reached: ['198.18.0.1:16443', '198.19.0.10'] }),
      covered: false,
      says: [
        [
          'fails',
          'test pod reached 198.18.0.1:16443 (API server), 198.19.0.10 (name server)',
          'apply the NetworkPolicies of k8s/base/sandbox/network.yaml to glovebox-sandbox',
        ],
      ],
    },
    {
      name: 'through which its own node answers, which many networks leave open',
      trial: buildTrial({}, { doubtful: ['198.18.0.1:10250'] }),
      says: [
        ['ok', FENCED, null],
        [
          'warns',
          'test pod reached its own node, 198.18.0.1:10250 (kubelet of node-1)',
          expect.stringContaining('firewall'),
        ],
      ],
    },
    {
      name: 'through which another node answers, which none may',
      trial: buildTrial({}, { doubtful: ['198.18.0.2:10250'] }),
      says: [['fails', 'test pod reached 198.18.0.2:10250 (kubelet of node-2)', ENFORCE]],
    },
    {
      name: 'that closes the gateway too',
      trial: buildTrial({}, { gateway: 'connect ETIMEDOUT' }),
      says: [
        [
          'fails',
          'test pod does not reach the gateway at 198.19.7.7:8080: connect ETIMEDOUT',
          expect.stringContaining('NetworkPolicy gateway-only in glovebox-sandbox'),
        ],
      ],
    },
    {
      name: 'around something like a credential',
      trial: buildTrial({}, { credentials: ['environment variable GITHUB_TOKEN'] }),
      says: [
        [
          'fails',
          'test pod holds what looks like a credential: environment variable GITHUB_TOKEN',
          'see what injects it into pods',
        ],
      ],
    },
    {
      name: 'that could not be tried, for want of quota',
      trial: buildTrial({
        trouble: { kind: 'quota-full', message: 'exceeded quota: sandbox' },
        containers: [],
      }),
      says: [
        [
          'fails',
          'test pod in glovebox-sandbox did not run: exceeded quota: sandbox',
          'raise ResourceQuota sandbox, see the line of the quota',
        ],
      ],
    },
    {
      name: 'that was not tried by a runner of another version',
      trial: buildTrial({
        containers: [{ name: 'fetch', exitCode: 64, reason: 'Error', message: '', answer: null }],
      }),
      says: [
        [
          'fails',
          'test pod in glovebox-sandbox gave no answer: exit 64, Error',
          'see that the runner image is of this version',
        ],
      ],
    },
    {
      name: 'without any word from the pod',
      trial: buildTrial({ containers: [] }),
      says: [['fails', 'test pod in glovebox-sandbox gave no answer: it never ran', expect.any(String)]],
    },
  ])('$name', ({ trial, covered = true, says }) => {
    expect(said(judgeFence(trial, covered))).toEqual(says);
  });

  it('names a missing NetworkPolicy by looking for it, and says what it may not look at', async () => {
    const kube = fakeKube();
    const path = '/apis/networking.k8s.io/v1/namespaces/glovebox-sandbox/networkpolicies';
    const open = buildTrial({}, { reached: ['198.18.0.1:16443'] });
    const run = async (trial: Trial) =>
      said(
        await fenceCheck(buildCluster(kube), async () => ({ trials: [trial], refused: [] })).run(
          new AbortController().signal,
        ),
      );
    kube.on('GET', path, () => answered({ items: [] }));
    expect(await run(open)).toEqual([
      ['fails', expect.any(String), expect.stringContaining('apply the NetworkPolicies')],
    ]);
    kube.on('GET', path, () =>
      answered({ items: [{ spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] } }] }),
    );
    expect(await run(open)).toEqual([['fails', expect.any(String), ENFORCE]]);
    kube.on('GET', path, () => forbidden());
    expect(await run(open)).toEqual([['fails', expect.any(String), ENFORCE]]);
    const leftOver = { state: 'warns', text: 'the test Job may be left', fix: 'delete it' } as const;
    expect(await run(buildTrial({ leftOver }))).toContainEqual([
      'warns',
      'the test Job may be left',
      'delete it',
    ]);
  });
});

describe('what is said of images', () => {
  const missing = { kind: 'image-not-pulled', message: `Image '${IMAGE}': ErrImagePull: not found` } as const;

  it.each<{ name: string; trial: Trial; says: unknown[][] }>([
    {
      name: 'that were pulled and run',
      trial: buildTrial(),
      says: [['ok', `pulled and run: registry.example.com/glovebox/runner:1, ${IMAGE}`, null]],
    },
    {
      name: 'one of which does not exist',
      trial: buildTrial({ trouble: missing, containers: buildTrial().containers.slice(0, 1) }),
      says: [
        ['ok', 'pulled and run: registry.example.com/glovebox/runner:1', null],
        [
          'fails',
          `template node-24: Image '${IMAGE}': ErrImagePull: not found`,
          expect.stringContaining('pull secret'),
        ],
      ],
    },
    {
      name: 'one of which cannot run our Node',
      trial: buildTrial({
        containers: [
          ...buildTrial().containers.slice(0, 1),
          {
            name: 'work',
            exitCode: 128,
            reason: 'StartError',
            message: 'no such file or directory',
            answer: null,
          },
        ],
      }),
      says: [
        ['ok', 'pulled and run: registry.example.com/glovebox/runner:1', null],
        [
          'fails',
          `template node-24: ${IMAGE} does not run our Node: StartError, exit 128: no such file or directory`,
          expect.stringContaining('GNU C library'),
        ],
      ],
    },
    {
      name: 'that were not tried: never ok',
      trial: buildTrial({ trouble: { kind: 'quota-full', message: 'exceeded quota' }, containers: [] }),
      says: [
        [
          'warns',
          `template node-24: ${IMAGE} not tried, its test pod did not run`,
          'see the line of the fence',
        ],
      ],
    },
  ])('$name', ({ trial, says }) => {
    expect(said(judgeImages([trial]))).toEqual(says);
  });
});

describe('what is said of identity', () => {
  const token = (overrides: object) => ({
    asked: true as const,
    own: 'system:serviceaccount:glovebox-sandbox:sandbox',
    passesForOther: false,
    passesForServer: false,
    ...overrides,
  });

  it.each<{ name: string; token: Trial['token']; says: [string, string | RegExp] }>([
    {
      name: 'where tokens are bound to their audience',
      token: token({}),
      says: [
        'ok',
        'glovebox-sandbox: a token is taken for its audience, refused for another and by the API server',
      ],
    },
    {
      name: 'where a token is refused',
      token: token({ own: null }),
      says: ['fails', /refused for its own audience/],
    },
    {
      name: 'where a token is another account’s',
      token: token({ own: 'system:serviceaccount:glovebox-sandbox:default' }),
      says: ['fails', /is of 'system:serviceaccount:glovebox-sandbox:default'/],
    },
    {
      name: 'where a token passes for another phase',
      token: token({ passesForOther: true }),
      says: ['fails', /passes for another phase's audience/],
    },
    {
      name: 'where a token opens the API server',
      token: token({ passesForServer: true }),
      says: ['fails', /passes for one of the API server/],
    },
    {
      name: 'where the gateway may not ask',
      token: { asked: false, why: 'gateway may not ask', message: '' },
      says: ['fails', 'the gateway may not create tokenreviews'],
    },
    {
      name: 'where we may not act as the gateway',
      token: { asked: false, why: 'may not impersonate', message: '' },
      says: ['warns', 'not checked: this account may not act as the gateway'],
    },
    {
      name: 'where nobody answers',
      token: { asked: false, why: 'no answer', message: '500 oops' },
      says: ['fails', /does not answer a TokenReview: 500 oops/],
    },
    { name: 'where there was no token', token: null, says: ['warns', /no token of glovebox-sandbox to try/] },
  ])('$name', ({ token, says }) => {
    const { state, text, fix } = judgeIdentity(buildTrial({ token }));
    expect([state, text]).toEqual([
      says[0],
      typeof says[1] === 'string' ? says[1] : expect.stringMatching(says[1]),
    ]);
    expect(fix === null).toBe(state === 'ok');
  });
});

it('where no trial could be made, the fence says why, and the others point to it', async () => {
  const why = {
    state: 'warns',
    text: 'no test pod: this account may not act as the bot',
    fix: 'let it',
  } as const;
  const trials = async () => ({ trials: [], refused: [why] });
  const signal = new AbortController().signal;
  expect(await fenceCheck(buildCluster(fakeKube()), trials).run(signal)).toEqual([why]);
  for (const check of [imagesCheck(trials), identityCheck(trials)]) {
    expect(said(await check.run(signal))).toEqual([
      ['warns', 'not tried where there was no test pod', 'see the line of the fence'],
    ]);
  }
});
