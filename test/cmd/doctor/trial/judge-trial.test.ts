/** What the doctor says of a trial sandbox's images and its token, and of all three where none could be made. */
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../../src/cmd/doctor/check.ts';
import { fenceCheck } from '../../../../src/cmd/doctor/trial/fence.ts';
import { identityCheck, judgeIdentity } from '../../../../src/cmd/doctor/trial/identity.ts';
import { imagesCheck, judgeImages } from '../../../../src/cmd/doctor/trial/images.ts';
import type { Trial } from '../../../../src/cmd/doctor/trial/trial.ts';
import { buildCluster, buildTrial } from '../../../builders/doctor-cluster.ts';
import { fakeKube } from '../../../fakes/fake-kube-requests.ts';

const said = (findings: readonly Finding[]) => findings.map(({ state, text, fix }) => [state, text, fix]);
const IMAGE = 'docker.io/library/node:24-bookworm-slim';

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
