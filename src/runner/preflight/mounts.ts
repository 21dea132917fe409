/**
 * What is mounted that must not be. On one machine: what is known to be the machine's. In a pod, whose mounts the layout
 * knows: everything else.
 */
import { dirname } from 'node:path';
import type { RunnerLayout } from '../../result/contract/layout.ts';
import { CONTAINER_MOUNTS, MACHINE_MOUNTS } from './credential-places.ts';

/** Mount points that are neither ours nor a container's own; `mountInfo` as in proc_pid_mountinfo(5). */
export function foreignMounts(mountInfo: string, layout: RunnerLayout, program = process.execPath): string[] {
  const ours = [...folders(layout), dirname(program)];
  const isKnown = (point: string) =>
    ours.some((folder) => folder === point || folder.startsWith(`${point}/`));
  return mountInfo
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point !== '' && isSuspect(point, layout) && !isKnown(point));
}

function isSuspect(point: string, layout: RunnerLayout): boolean {
  if (MACHINE_MOUNTS.some((known) => known.test(point))) return true;
  return 'origin' in layout.gateway && !CONTAINER_MOUNTS.some((known) => known.test(point));
}

function folders(layout: RunnerLayout): string[] {
  const { source, prepared, scratch, results, sealed, home, tmp, homeSource, install, tokenFile } = layout;
  const socket = 'socketPath' in layout.gateway ? layout.gateway.socketPath : null;
  const all = [source, prepared, scratch, results, sealed, home, tmp, homeSource, tokenFile, socket];
  return [...all, install?.to ?? null].filter((folder) => folder !== null);
}
