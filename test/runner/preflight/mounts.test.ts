import { describe, expect, test } from 'vitest';
import type { RunnerLayout } from '../../../src/result/contract/layout.ts';
import { foreignMounts } from '../../../src/runner/preflight/mounts.ts';

const POD: RunnerLayout = {
  gateway: { origin: 'http://gateway:8080' },
  tokenFile: '/run/glovebox/token',
  source: '/source',
  prepared: '/workspace/repo',
  scratch: null,
  results: null,
  sealed: null,
  home: '/workspace/home',
  tmp: '/tmp',
  fence: 'gateway-only',
  canaries: [],
  nameServers: [],
  install: null,
  homeSource: null,
  toolEnv: {},
  notLimited: [],
};

const OF_A_CONTAINER = ['/', '/proc', '/proc/acpi', '/sys/fs/cgroup', '/dev/shm', '/dev/termination-log'];
const OURS = ['/source', '/workspace', '/tmp', '/run/glovebox', '/opt/glovebox'];
const ETC = ['/etc/hosts', '/etc/hostname', '/etc/resolv.conf'];

function found(points: readonly string[], layout = POD): string[] {
  const info = points.map((point, index) => `${index} 0 0:1 / ${point} rw - ext4 /dev/x rw`).join('\n');
  return foreignMounts(info, layout, '/opt/glovebox/node');
}

test("a pod's own mounts are no finding", () => {
  expect(found([...OF_A_CONTAINER, ...OURS, ...ETC])).toEqual([]);
});

describe('INC-05: in a pod, whatever else is mounted is', () => {
  test.each([
    '/var/run/secrets/kubernetes.io/serviceaccount',
    '/run/secrets/rhsm',
    '/etc/cloud-key',
    '/host',
    '/workspace/home/.aws',
    '/run/glovebox-of-another',
    '/mnt',
    '/run/containerd/containerd.sock',
  ])('%s', (point) => {
    expect(found([...OF_A_CONTAINER, ...OURS, point])).toEqual([point]);
  });
});

test('on one machine, where folders of the machine are bound on purpose, what is known to be its own is', () => {
  const layout = { ...POD, gateway: { socketPath: '/run/glovebox/gateway.sock' } };
  expect(found(['/usr', '/etc/ssl', '/run/glovebox', '/run/secrets/x', '/run/docker.sock'], layout)).toEqual([
    '/run/secrets/x',
    '/run/docker.sock',
  ]);
});
