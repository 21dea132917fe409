/** Where a phase can put bytes on the node's disk: the mounts that hold its folders, and the kubelet's message file. */
import { existsSync, readFileSync } from 'node:fs';
import type { RunnerLayout } from '../../result/contract/layout.ts';

/** Every container has it, writable, on the node's disk; no quota of the platform counts it. */
const MESSAGE_FILE = '/dev/termination-log';

/** The files and folders to count: each a mount of its own, so none holds another. */
export function writablePlaces(layout: RunnerLayout, mountInfo = readMountInfo()): string[] {
  const points = writableMounts(mountInfo);
  const folders = [layout.source, layout.prepared, layout.scratch, layout.results, layout.sealed];
  const mounts = [...folders, layout.home, layout.tmp, layout.install?.to ?? null].flatMap((folder) => {
    const point = folder === null ? null : mountOf(folder, points);
    return point === null || point.path === '/' || !point.isWritable ? [] : [point.path];
  });
  return [...new Set([...mounts, ...(existsSync(MESSAGE_FILE) ? [MESSAGE_FILE] : [])])];
}

interface MountPoint {
  readonly path: string;
  readonly isWritable: boolean;
}

/** `ID PARENT DEV ROOT POINT OPTIONS ...` (proc_pid_mountinfo(5)). */
function writableMounts(mountInfo: string): MountPoint[] {
  return mountInfo.split('\n').flatMap((line) => {
    const [, , , , path, options] = line.split(' ');
    return path === undefined ? [] : [{ path, isWritable: options?.split(',').includes('rw') ?? false }];
  });
}

/** The mount that a path lies on: the longest point above it, of equal ones the last. */
function mountOf(folder: string, points: readonly MountPoint[]): MountPoint | null {
  return points.reduce<MountPoint | null>((best, point) => {
    const above = folder === point.path || folder.startsWith(point.path === '/' ? '/' : `${point.path}/`);
    return above && point.path.length >= (best?.path.length ?? 0) ? point : best;
  }, null);
}

function readMountInfo(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return '';
  }
}
