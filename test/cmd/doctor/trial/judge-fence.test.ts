/** What the doctor says of the fence around a trial sandbox: what got through it, and what to do about that. */
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../../src/cmd/doctor/check.ts';
import { fenceCheck, judgeFence } from '../../../../src/cmd/doctor/trial/fence.ts';
import type { Trial } from '../../../../src/cmd/doctor/trial/trial.ts';
import { buildCluster, buildTrial } from '../../../builders/doctor-cluster.ts';
import { answered, fakeKube, forbidden } from '../../../fakes/fake-kube-requests.ts';

const said = (findings: readonly Finding[]) => findings.map(({ state, text, fix }) => [state, text, fix]);
const FENCED = 'glovebox-sandbox: of 4 addresses nobody answers but the gateway';
const ENFORCE = 'use a network plugin that enforces NetworkPolicy';

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
