/**
 * The commands before the runner that put its tree under kernel limits, by what this machine has. They run inside the
 * sandbox: there a process limit counts this sandbox only, before it would count the whole uid.
 */
import { existsSync } from 'node:fs';
import type { SandboxLimits } from '../../../result/contract/phase-spec.ts';

/** Where util-linux put its tools; null where it is not installed. */
export interface LimitTools {
  readonly prlimit: string | null;
  readonly choom: string | null;
}

/** Looks for the tools once. */
export function findLimitTools(): LimitTools {
  const find = (name: string) =>
    [`/usr/bin/${name}`, `/bin/${name}`].find((path) => existsSync(path)) ?? null;
  return { prlimit: find('prlimit'), choom: find('choom') };
}

/**
 * `prlimit ... choom ...`, or nothing. `choom` lets the host's own OOM killer take the sandbox first. `countsProcesses`:
 * the tree has a user namespace of its own; without one a process limit would count all that this user runs.
 */
export function limitCommand(
  tools: LimitTools,
  limits: SandboxLimits,
  countsProcesses: boolean,
): readonly string[] {
  const choom = tools.choom === null ? [] : [tools.choom, '-n', '1000', '--'];
  if (tools.prlimit === null) return choom;
  return [
    tools.prlimit,
    ...(countsProcesses ? [`--nproc=${limits.processes}:${limits.processes}`] : []),
    `--fsize=${limits.diskBytes}:${limits.diskBytes}`,
    '--core=0:0',
    '--',
    ...choom,
  ];
}
