/** What the doctor says of quotas, and how it reads Kubernetes' amounts. */
import { describe, expect, it } from 'vitest';
import { parseQuantity } from '../../../../src/cmd/doctor/policy/quantity.ts';
import { judgeQuota, type QuotaSeen, quotaCheck } from '../../../../src/cmd/doctor/policy/quota.ts';
import { buildCluster, buildInstalled } from '../../../builders/doctor-cluster.ts';
import { answered, fakeKube, forbidden } from '../../../fakes/fake-kube-requests.ts';

describe('an amount', () => {
  it.each([
    ['40', 40],
    ['500m', 0.5],
    ['4Gi', 4_294_967_296],
    ['4G', 4_000_000_000],
    ['2e3', 2_000],
    ['1.5', 1.5],
    ['+3k', 3_000],
  ])('%s is %d', (text, amount) => {
    expect(parseQuantity(text)).toBeCloseTo(amount);
  });
  it.each(['', 'many', '4 GB', '4XB'])("'%s' is none", (text) => {
    expect(parseQuantity(text)).toBeNaN();
  });
});

const [template] = buildInstalled().templates;
if (template === undefined) throw new Error('no template');
const SEEN: QuotaSeen = {
  namespace: 'glovebox-sandbox',
  quotas: [
    {
      name: 'sandbox',
      hard: { pods: '40', 'requests.memory': '160Gi', 'count/services': '0' },
      used: { pods: '2' },
    },
  ],
  limitRanges: 1,
  template,
  wanted: 16,
};
const quota = (hard: Record<string, string>, used: Record<string, string> = {}) => ({
  quotas: [{ name: 'sandbox', hard, used }],
});

describe('what is said of a quota', () => {
  it.each<{ name: string; seen: Partial<QuotaSeen>; says: (string | null)[][] }>([
    { name: 'with room', seen: {}, says: [['ok', 'room for 38 more sandboxes in glovebox-sandbox', null]] },
    {
      name: 'that is narrower than what may be wanted',
      seen: quota({ pods: '5' }, { pods: '2' }),
      says: [
        [
          'warns',
          'room for 3 more sandboxes in glovebox-sandbox; 16 may be wanted at once',
          'raise pods in ResourceQuota sandbox',
        ],
      ],
    },
    {
      name: 'that is full',
      seen: quota({ pods: '40' }, { pods: '40' }),
      says: [
        ['fails', 'room for 0 more sandboxes in glovebox-sandbox', 'raise pods in ResourceQuota sandbox'],
      ],
    },
    {
      name: 'whose memory runs out before its pods do',
      seen: quota({ pods: '40', 'limits.memory': '10G' }, { 'limits.memory': '4G' }),
      says: [
        [
          'warns',
          'room for 1 more sandbox in glovebox-sandbox; 16 may be wanted at once',
          'raise limits.memory in ResourceQuota sandbox',
        ],
      ],
    },
    {
      name: 'in which a work and a verify pod never fit beside each other',
      seen: quota({ 'requests.cpu': '1500m' }),
      says: [
        [
          'fails',
          'room for 1 more sandbox in glovebox-sandbox',
          'raise requests.cpu in ResourceQuota sandbox',
        ],
      ],
    },
    {
      name: 'whose amount is none that we know: no room is taken for granted',
      seen: quota({ pods: 'many' }),
      says: [
        ['fails', 'room for 0 more sandboxes in glovebox-sandbox', 'raise pods in ResourceQuota sandbox'],
      ],
    },
    {
      name: 'that is missing, with its LimitRange',
      seen: { quotas: [], limitRanges: 0 },
      says: [
        [
          'fails',
          'glovebox-sandbox has no ResourceQuota',
          'kubectl apply -k your overlay of k8s/base (sandbox/limits.yaml)',
        ],
        [
          'warns',
          'glovebox-sandbox has no LimitRange',
          'kubectl apply -k your overlay of k8s/base (sandbox/limits.yaml)',
        ],
      ],
    },
  ])('$name', ({ seen, says }) => {
    expect(judgeQuota({ ...SEEN, ...seen }).map(({ state, text, fix }) => [state, text, fix])).toEqual(says);
  });
});

it('reads quota and limits of each sandbox namespace, and says what it may not read', async () => {
  const kube = fakeKube();
  const check = quotaCheck(buildCluster(kube));
  const run = async () =>
    (await check.run(new AbortController().signal)).map(({ state, text }) => [state, text]);
  const base = '/api/v1/namespaces/glovebox-sandbox';
  kube.on('GET', `${base}/resourcequotas`, () => forbidden());
  expect(await run()).toEqual([['warns', 'quota of glovebox-sandbox cannot be read: this account may not']]);
  const status = { hard: { pods: '40' }, used: { pods: '1' } };
  kube.on('GET', `${base}/resourcequotas`, () =>
    answered({ items: [{ metadata: { name: 'sandbox' }, status }] }),
  );
  kube.on('GET', `${base}/limitranges`, () => answered({ items: [{ metadata: { name: 'sandbox' } }] }));
  expect(await run()).toEqual([['ok', 'room for 39 more sandboxes in glovebox-sandbox']]);
});
