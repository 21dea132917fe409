/**
 * Kernel limits for a whole tree, where we may write cgroups (root, v1 or v2): memory with its own out-of-memory counter,
 * and processes. The only honest source for `memory` besides our own poller.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { SandboxLimits } from '../../../result/contract/phase-spec.ts';

/** The folder of one phase's tree in each hierarchy. */
export interface TreeCgroup {
  add(pid: number): void;
  /** How often the kernel killed something in here for memory. */
  outOfMemoryKills(): number;
  /** Deletes it; it must be empty of processes. */
  remove(): void;
}

/** Makes cgroups below ours, all in one folder named by our life so that a later life finds what is left. */
export interface Cgroups {
  create(name: string, limits: SandboxLimits): TreeCgroup;
  /** Kills what runs in the folders of this life and deletes them. */
  removeLife(life: string): void;
}

/** The cgroup folders below which ours are made. */
export interface Hierarchy {
  readonly version: 1 | 2;
  /** Folder under which ours are made: memory and pids of v1 have one each. */
  readonly memory: string;
  readonly pids: string;
}

const FOLDER_PREFIX = 'glovebox-';

/** Tries them by making one; null where the system does not let us. */
export function openCgroups(life: string): Cgroups | null {
  const found = findHierarchy(readText('/proc/self/mounts'), readText('/proc/self/cgroup'));
  if (found === null) return null;
  const cgroups: Cgroups = {
    create: (name, limits) => createIn(found, join(FOLDER_PREFIX + life, name), limits),
    removeLife: (other) => {
      for (const base of basesOf(found)) emptyFolder(join(base, FOLDER_PREFIX + other));
    },
  };
  try {
    cgroups
      .create('trial', {
        memoryBytes: 2 ** 30,
        processes: 10,
        wallClockMs: 1_000,
        diskBytes: 1,
        files: 1,
        outputBytes: 1,
      })
      .remove();
    return cgroups;
  } catch {
    cgroups.removeLife(life);
    return null;
  }
}

function createIn(found: Hierarchy, name: string, limits: SandboxLimits): TreeCgroup {
  const folders = basesOf(found).map((base) => join(base, name));
  for (const folder of folders) makeFolder(found, folder);
  const memory = join(found.memory, name);
  if (found.version === 1) {
    writeFileSync(join(memory, 'memory.limit_in_bytes'), `${limits.memoryBytes}`);
    writeFileSync(join(found.pids, name, 'pids.max'), `${limits.processes}`);
  } else {
    writeFileSync(join(memory, 'memory.max'), `${limits.memoryBytes}`);
    writeIfThere(join(memory, 'memory.swap.max'), '0');
    writeIfThere(join(memory, 'memory.oom.group'), '1');
    writeFileSync(join(memory, 'pids.max'), `${limits.processes}`);
  }
  return {
    add: (pid) => {
      for (const folder of folders) writeFileSync(join(folder, 'cgroup.procs'), `${pid}`);
    },
    outOfMemoryKills: () =>
      readKills(join(memory, found.version === 1 ? 'memory.oom_control' : 'memory.events')),
    remove: () => {
      for (const folder of folders) removeFolder(folder);
    },
  };
}

/** v2 hands controllers down one level at a time. */
function makeFolder(found: Hierarchy, folder: string): void {
  mkdirSync(folder, { recursive: true });
  if (found.version === 2) writeFileSync(join(dirname(folder), 'cgroup.subtree_control'), '+memory +pids');
}

function readKills(file: string): number {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync(file, 'latin1'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Where trees may be put, from `/proc/self/mounts` and `/proc/self/cgroup`; null without both controllers. */
export function findHierarchy(mountsText: string, ownText: string): Hierarchy | null {
  const mounts = mountsText.split('\n').map((line) => line.split(' '));
  const own = ownText.split('\n').map((line) => line.split(':'));
  const v1 = (controller: string) => {
    const mount = mounts.find(([, , type, options]) => type === 'cgroup' && has(options, controller))?.[1];
    const path = own.find(([, controllers]) => has(controllers, controller))?.[2];
    return mount === undefined || path === undefined ? null : resolve(mount, `.${path}`);
  };
  const memory = v1('memory');
  const pids = v1('pids');
  if (memory !== null && pids !== null) return { version: 1, memory, pids };
  const mount = mounts.find(([, , type]) => type === 'cgroup2')?.[1];
  const path = own.find(([number]) => number === '0')?.[2];
  if (mount === undefined || path === undefined) return null;
  // A v2 group that holds processes, as ours does, has no children with controllers: ours stand beside it.
  const base = resolve(mount, `.${dirname(path)}`);
  return { version: 2, memory: base, pids: base };
}

function basesOf(found: Hierarchy): readonly string[] {
  return [...new Set([found.memory, found.pids])];
}

function emptyFolder(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) emptyFolder(join(folder, entry.name));
  }
  for (const pid of readText(join(folder, 'cgroup.procs')).split('\n').filter(Boolean)) {
    killQuietly(Number(pid));
  }
  removeFolder(folder);
}

/** Busy while a killed process is still being torn down: left for the next life then. */
function removeFolder(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    return;
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    return;
  }
}

function writeIfThere(file: string, text: string): void {
  if (existsSync(file)) writeFileSync(file, text);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

function has(list: string | undefined, item: string): boolean {
  return list?.split(',').includes(item) ?? false;
}
