/** What the three accounts may ask of the API server: exactly the rules listed here, and nothing by another way. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { clusterHere, kubectl, tryKubectl } from '../fixtures/cluster.ts';
import { testImages } from '../fixtures/cluster-images.ts';
import { type Installed, installGlovebox } from '../fixtures/installed-glovebox.ts';

type Account = 'bot' | 'gateway' | 'sandbox';
type Place = 'control' | 'sandbox' | 'default' | 'kube-system';

const Review = z.object({
  status: z.object({
    resourceRules: z.array(
      z.object({
        verbs: z.array(z.string()),
        apiGroups: z.array(z.string()).default([]),
        resources: z.array(z.string()).default([]),
      }),
    ),
  }),
});

/** Everybody who is authenticated may ask about themselves. */
const ABOUT_ONESELF = /^create (authentication|authorization)\.k8s\.io\/self/;

const BOT_IN_SANDBOXES = [
  'create batch/jobs',
  'delete batch/jobs',
  'get /pods',
  'get batch/jobs',
  'list /events',
  'list /pods',
  'list batch/jobs',
  'watch /events',
  'watch /pods',
  'watch batch/jobs',
];
const GATEWAY_ANYWHERE = ['create authentication.k8s.io/tokenreviews'];

const MAY: readonly (readonly [Account, Place, readonly string[]])[] = [
  ['bot', 'sandbox', BOT_IN_SANDBOXES],
  ['bot', 'control', []],
  ['bot', 'default', []],
  ['bot', 'kube-system', []],
  ['gateway', 'sandbox', GATEWAY_ANYWHERE],
  ['gateway', 'control', GATEWAY_ANYWHERE],
  ['gateway', 'default', GATEWAY_ANYWHERE],
  ['sandbox', 'sandbox', []],
  ['sandbox', 'control', []],
  ['sandbox', 'default', []],
];

const MAY_NOT: readonly (readonly [Account, Place, verb: string, resource: string])[] = [
  ['bot', 'sandbox', 'get', 'secrets'],
  ['bot', 'sandbox', 'create', 'pods'],
  ['bot', 'sandbox', 'delete', 'pods'],
  ['bot', 'sandbox', 'patch', 'jobs'],
  ['bot', 'sandbox', 'update', 'jobs'],
  ['bot', 'sandbox', 'deletecollection', 'jobs'],
  ['bot', 'sandbox', 'create', 'pods/exec'],
  ['bot', 'sandbox', 'get', 'pods/log'],
  ['bot', 'sandbox', 'create', 'serviceaccounts/token'],
  ['bot', 'control', 'get', 'secrets'],
  ['bot', 'control', 'create', 'jobs'],
  ['bot', 'control', 'get', 'configmaps'],
  ['bot', 'default', 'create', 'jobs'],
  ['bot', 'default', 'list', 'pods'],
  ['bot', 'default', 'list', 'nodes'],
  ['bot', 'default', 'create', 'tokenreviews'],
  ['bot', 'default', 'impersonate', 'users'],
  ['gateway', 'control', 'get', 'secrets'],
  ['gateway', 'sandbox', 'list', 'pods'],
  ['gateway', 'sandbox', 'create', 'jobs'],
  ['gateway', 'default', 'create', 'subjectaccessreviews'],
  ['sandbox', 'sandbox', 'get', 'pods'],
  ['sandbox', 'sandbox', 'get', 'secrets'],
  ['sandbox', 'default', 'create', 'tokenreviews'],
];

describe.runIf(clusterHere)('rights', () => {
  let installed: Installed;

  beforeAll(async () => {
    installed = await installGlovebox({ images: await testImages(), replicas: 0 });
  }, 900_000);

  afterAll(() => installed?.close());

  const namespaceOf = (place: Place) =>
    place === 'control' || place === 'sandbox' ? installed[place] : place;
  const userOf = (account: Account) =>
    `system:serviceaccount:${account === 'sandbox' ? installed.sandbox : installed.control}:${account}`;

  const rulesOf = async (user: string, namespace: string): Promise<string[]> => {
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      spec: { namespace },
    };
    const args = [
      'create',
      '-f',
      '-',
      '-o',
      'json',
      '--validate=false',
      `--as=${user}`,
      '--as-group=system:authenticated',
    ];
    const { status } = Review.parse(JSON.parse(await kubectl(args, { input: JSON.stringify(review) })));
    const rules = status.resourceRules.flatMap(({ verbs, apiGroups, resources }) =>
      verbs.flatMap((verb) =>
        apiGroups.flatMap((group) => resources.map((resource) => `${verb} ${group}/${resource}`)),
      ),
    );
    return [...new Set(rules)].filter((rule) => !ABOUT_ONESELF.test(rule)).sort();
  };

  it.each(MAY)('%s in namespace %s may do exactly what is listed', async (account, place, rules) => {
    expect(await rulesOf(userOf(account), namespaceOf(place))).toEqual(rules);
  });

  it.each(MAY_NOT)('%s in namespace %s may not %s %s', async (account, place, verb, named) => {
    const [resource = '', subresource = ''] = named.split('/');
    const which = subresource === '' ? [] : [`--subresource=${subresource}`];
    const args = ['auth', 'can-i', verb, resource, ...which, '-n', namespaceOf(place)];

    expect((await tryKubectl([...args, `--as=${userOf(account)}`])).stdout.trim()).toBe('no');
    expect((await tryKubectl(args)).stdout.trim()).toBe('yes');
  });

  it('one rule more is seen (counter-test)', async () => {
    const name = ['rolebinding', 'more', '-n', installed.sandbox];
    await kubectl(['create', ...name, '--clusterrole=view', `--serviceaccount=${installed.control}:bot`]);
    const rules = await rulesOf(userOf('bot'), installed.sandbox);
    await kubectl(['delete', ...name]);

    expect(rules).toContain('get /pods/log');
  });
});
