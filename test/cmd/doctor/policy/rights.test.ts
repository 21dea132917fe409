/** RBAC: every account has what it needs and nothing that opens more; asked right by right. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  judgeRights,
  type RightFound,
  rightsCheck,
  rightsToAsk,
} from '../../../../src/cmd/doctor/policy/rights.ts';
import { buildCluster } from '../../../builders/doctor-cluster.ts';
import { answered, fakeKube, forbidden } from '../../../fakes/fake-kube-requests.ts';

const REVIEWS = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
const ASKED = rightsToAsk('glovebox', ['glovebox-sandbox']);
const APPLY = 'kubectl apply -k your overlay of k8s/base';

/** As k8s/base grants it. */
const GRANTED: readonly RightFound[] = ASKED.map((one) => ({ ...one, isAllowed: one.isNeeded }));

function but(change: (one: RightFound) => boolean | null): readonly RightFound[] {
  return GRANTED.map((one) => ({ ...one, isAllowed: change(one) ?? one.isAllowed }));
}

const isRight = ({ right }: RightFound, verb: string, resource: string): boolean =>
  right.verb === verb && right.resource === resource;

describe('what is asked', () => {
  it.each([
    ['the bot for its Jobs', 'bot', 'glovebox-sandbox', 'create', 'jobs', true],
    ['the bot for events', 'bot', 'glovebox-sandbox', 'watch', 'events', true],
    ['the bot for Jobs beside its own pods', 'bot', 'glovebox', 'create', 'jobs', false],
    ['the bot for secrets of sandboxes', 'bot', 'glovebox-sandbox', 'get', 'secrets', false],
    ['the bot for its own secrets', 'bot', 'glovebox', 'get', 'secrets', false],
    ['the bot for a shell in a sandbox', 'bot', 'glovebox-sandbox', 'create', 'pods/exec', false],
    [
      'the bot for the policies that bind it',
      'bot',
      '',
      'update',
      'validatingadmissionpolicybindings',
      false,
    ],
    ['the bot for whose tokens are whose', 'bot', '', 'create', 'tokenreviews', false],
    ['the gateway for whose tokens are whose', 'gateway', '', 'create', 'tokenreviews', true],
    ['the gateway for Jobs', 'gateway', 'glovebox-sandbox', 'create', 'jobs', false],
    ['a sandbox for secrets', 'sandbox', 'glovebox-sandbox', 'get', 'secrets', false],
    ['a sandbox for pods', 'sandbox', 'glovebox-sandbox', 'list', 'pods', false],
  ])('%s', (_name, account, namespace, verb, resource, isNeeded) => {
    const asked = ASKED.filter(
      (one) =>
        one.account === account &&
        one.namespace === namespace &&
        one.right.verb === verb &&
        one.right.resource === resource,
    );
    expect(asked.map((one) => one.isNeeded)).toEqual([isNeeded]);
  });

  it('asks nothing twice', () => {
    const names = ASKED.map((one) => JSON.stringify([one.account, one.home, one.namespace, one.right]));
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('what is said', () => {
  it('one line where all accounts have what they need and nothing beyond', () => {
    const beyond = ASKED.filter(({ isNeeded }) => !isNeeded).length;
    expect(judgeRights(GRANTED)).toEqual([
      {
        state: 'ok',
        text: `glovebox/bot, glovebox/gateway, glovebox-sandbox/sandbox: what they need, and none of ${beyond} rights beyond`,
        fix: null,
      },
    ]);
  });

  it.each([
    {
      name: 'the right that the bot has beyond, and where to look',
      found: but((one) => (one.account === 'bot' && isRight(one, 'get', 'secrets') ? true : null)),
      text: 'glovebox/bot may do what it must not: get secrets (glovebox), get secrets (glovebox-sandbox)',
      fix: /^find and remove what grants it to glovebox\/bot: kubectl get /,
    },
    {
      name: 'an administrator’s rights in short',
      found: but((one) => (one.account === 'gateway' ? true : null)),
      text: /^glovebox\/gateway may do what it must not: .* and \d+ more$/,
      fix: /glovebox\/gateway/,
    },
    {
      name: 'the right that the bot lacks',
      found: but((one) => (one.account === 'bot' && isRight(one, 'delete', 'jobs') ? false : null)),
      text: 'glovebox/bot may not delete jobs (glovebox-sandbox)',
      fix: APPLY,
    },
    {
      name: 'a gateway that may not ask',
      found: but((one) => (one.account === 'gateway' ? false : null)),
      text: 'glovebox/gateway may not create tokenreviews (cluster)',
      fix: APPLY,
    },
  ])('$name', ({ found, text, fix }) => {
    const [only, ...more] = judgeRights(found);
    expect(more).toEqual([]);
    expect(only).toEqual({
      state: 'fails',
      text: typeof text === 'string' ? text : expect.stringMatching(text),
      fix: typeof fix === 'string' ? fix : expect.stringMatching(fix),
    });
  });
});

describe('the questions to the API server', () => {
  const Asked = z.object({
    spec: z.object({
      user: z.string(),
      groups: z.array(z.string()),
      resourceAttributes: z.object({ verb: z.string(), resource: z.string(), subresource: z.string() }),
    }),
  });

  it('name the account with its groups, and a subresource by itself', async () => {
    const kube = fakeKube();
    kube.on('POST', REVIEWS, () => answered({ status: { allowed: false } }, 201));
    await rightsCheck(buildCluster(kube)).run(new AbortController().signal);
    const asked = kube.asked.map(({ body }) => Asked.parse(body).spec);
    expect(asked).toHaveLength(ASKED.length);
    expect(asked[0]).toMatchObject({
      user: 'system:serviceaccount:glovebox:bot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:glovebox', 'system:authenticated'],
    });
    expect(asked.map(({ resourceAttributes }) => resourceAttributes)).toContainEqual(
      expect.objectContaining({ verb: 'create', resource: 'pods', subresource: 'exec' }),
    );
  });

  it('where we may not ask them: a line says so, with a command', async () => {
    const kube = fakeKube();
    kube.on('POST', REVIEWS, () => forbidden('create', 'subjectaccessreviews'));
    expect(await rightsCheck(buildCluster(kube)).run(new AbortController().signal)).toEqual([
      {
        state: 'warns',
        text: 'not checked: this account may not create subjectaccessreviews',
        fix: expect.stringContaining('kubectl auth can-i --list --as=system:serviceaccount:glovebox:bot'),
      },
    ]);
  });
});
