/** What the containers of a job's pod share and may touch: mounts, tokens, bounds, and the same places in the runner's words. */
import { describe, expect, it } from 'vitest';
import type { ContainerManifest } from '../../../src/job/kube-objects.ts';
import { buildPodJob, buildVerifyJob } from '../../builders/pod-job.ts';
import { containerOf, layoutOf, podOf } from '../../fixtures/built-pod.ts';

const mounts = (one: ContainerManifest) =>
  one.volumeMounts?.map(({ name, mountPath, readOnly }) => `${name} ${mountPath} ${readOnly ? 'ro' : 'rw'}`);

/** Who writes what: the heart of the fence, as the contract has it. */
const MOUNTS = [
  [
    'fetch',
    buildPodJob(),
    ['source /source rw', 'runner /runner rw', 'tmp-fetch /tmp rw', 'token-fetch /run/glovebox ro'],
  ],
  [
    'setup',
    buildPodJob(),
    [
      'source /source ro',
      'runner /opt/glovebox ro',
      'prepared /workspace rw',
      'tmp-setup /tmp rw',
      'token-setup /run/glovebox ro',
    ],
  ],
  [
    'work',
    buildPodJob(),
    [
      'source /source ro',
      'runner /opt/glovebox ro',
      'prepared /workspace rw',
      'tmp-work /tmp rw',
      'token-work /run/glovebox ro',
    ],
  ],
  [
    'verify',
    buildVerifyJob(),
    [
      'source /source ro',
      'runner /opt/glovebox ro',
      'prepared /prepared ro',
      'sealed /sealed ro',
      'scratch /workspace rw',
      'results /results rw',
      'tmp-verify /tmp rw',
    ],
  ],
  [
    'deliver',
    buildVerifyJob(),
    ['results /results ro', 'sealed /sealed rw', 'tmp-deliver /tmp rw', 'token-deliver /run/glovebox ro'],
  ],
] as const;

describe('the volumes of a job’s pod', () => {
  it.each(MOUNTS)('lets %s mount what it may touch and nothing else', (phase, spec, expected) => {
    expect(mounts(containerOf(spec, phase))).toEqual(expected);
  });

  it('hands each phase that talks to the gateway a token of its own audience, and verify none', () => {
    for (const spec of [buildPodJob(), buildVerifyJob()]) {
      const tokens = podOf(spec)?.volumes?.filter(({ projected }) => projected) ?? [];
      expect(
        tokens.map(({ name, projected }) => [name, projected?.sources?.[0]?.serviceAccountToken]),
      ).toEqual(
        spec.phases
          .filter((phase) => phase !== 'verify')
          .map((phase) => [
            `token-${phase}`,
            { audience: `glovebox-${phase}.${spec.name}`, expirationSeconds: 600, path: 'token' },
          ]),
      );
    }
    expect(layoutOf(buildVerifyJob(), 'verify').tokenFile).toBeNull();
    expect(layoutOf(buildVerifyJob(), 'deliver').tokenFile).toBe('/run/glovebox/token');
  });

  it('bounds every volume, gives verify room for its copies, and lets the pod hold them all and its logs', () => {
    const sizes = new Map(
      podOf(buildVerifyJob())?.volumes?.map(({ name, emptyDir }) => [name, emptyDir?.sizeLimit]),
    );
    expect(sizes.get('source')).toBe(String(2 ** 30));
    expect(sizes.get('scratch')).toBe(String(4 * 2 ** 30));
    const bytes = [...sizes.values()].reduce((sum, size) => sum + Number(size ?? 0), 0);
    const limit = Number(containerOf(buildVerifyJob(), 'verify').resources?.limits?.['ephemeral-storage']);
    expect(limit - bytes).toBe(64 * 2 ** 20);
  });

  it('names the same workspace and HOME in every container that runs repository code', () => {
    expect(layoutOf(buildPodJob(), 'setup').prepared).toBe('/workspace/repo');
    expect(layoutOf(buildPodJob(), 'work')).toMatchObject({
      prepared: '/workspace/repo',
      home: '/workspace/home',
    });
    expect(layoutOf(buildVerifyJob(), 'verify')).toMatchObject({
      prepared: '/prepared/repo',
      scratch: '/workspace',
      home: '/workspace/home',
      homeSource: '/prepared/home',
    });
    expect(layoutOf(buildPodJob(), 'fetch').install).toEqual({ from: '/opt/glovebox', to: '/runner' });
  });
});
