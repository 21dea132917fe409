import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findHierarchy, openCgroups } from '../../../../src/job/process-sandbox/limits/cgroup.ts';
import { jobSpec } from '../../../fixtures/process-sandbox.ts';

const V1 = [
  'tmpfs /sys/fs/cgroup tmpfs rw 0 0',
  'cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0',
  'cgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0',
].join('\n');
const V2 = 'cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0';
const HYBRID = `${V1}\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0`;

describe('findHierarchy', () => {
  it.each([
    [
      'v1, below our own groups',
      V1,
      '4:memory:/a/b\n8:pids:/',
      1,
      '/sys/fs/cgroup/memory/a/b',
      '/sys/fs/cgroup/pids',
    ],
    [
      'v1 of a hybrid system',
      HYBRID,
      '4:memory:/\n8:pids:/\n0::/',
      1,
      '/sys/fs/cgroup/memory',
      '/sys/fs/cgroup/pids',
    ],
    [
      'v2, beside our own group',
      V2,
      '0::/system.slice/glovebox.service',
      2,
      '/sys/fs/cgroup/system.slice',
      '/sys/fs/cgroup/system.slice',
    ],
    ['v2 at the root', V2, '0::/', 2, '/sys/fs/cgroup', '/sys/fs/cgroup'],
  ])('takes %s', (_what, mounts, own, version, memory, pids) => {
    expect(findHierarchy(mounts, own)).toEqual({ version, memory, pids });
  });

  it.each([
    ['no cgroups at all', 'proc /proc proc rw 0 0', ''],
    ['v1 without a memory controller', 'cgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0', '8:pids:/'],
  ])('takes nothing from %s', (_what, mounts, own) => {
    expect(findHierarchy(mounts, own)).toBeNull();
  });
});

const cgroups = openCgroups('cgroup-test');

describe.runIf(cgroups !== null)('a tree’s cgroup on this machine', () => {
  it('is made, counts no kill yet, and is gone with its life', () => {
    const group = cgroups?.create('one', jobSpec('none', {}).limits);
    expect(group?.outOfMemoryKills()).toBe(0);
    cgroups?.removeLife('cgroup-test');
    const bases = ['/sys/fs/cgroup/pids', '/sys/fs/cgroup'].filter((path) => existsSync(path));
    expect(bases.flatMap((path) => readdirSync(path))).not.toContain('glovebox-cgroup-test');
  });
});
