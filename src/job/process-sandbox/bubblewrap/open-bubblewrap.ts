/**
 * Finds out, by a trial run with exactly the arguments that are used later, whether bubblewrap works on this machine for
 * the user that sandboxes run as. No trial that worked, no bubblewrap.
 */
import { constants, copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { closedFolder } from '../host-users.ts';
import { bubblewrapIsolation, type Isolation, type IsolationTools, insidePrefix } from '../isolation.ts';
import { type JobUsers, jobFolders, makeJobFolders } from '../job-folders.ts';
import type { PhaseCommand, ProcessSandboxOptions } from '../options.ts';
import { INSIDE } from '../phase-layout.ts';
import { readHostView } from './host-view.ts';
import { closingCommand, inheritedFiles } from './inherited-files.ts';
import { OPEN_REACH, privateReach, type Reach } from './private-reach.ts';
import { hasSeccompFilter, seccompFilter } from './seccomp-filter.ts';
import { type BubblewrapParts, startInBubblewrap } from './start-in-bubblewrap.ts';

/** The isolation, or why there is none. */
export type Bubblewrap =
  | { readonly ok: true; readonly isolation: Isolation }
  | { readonly ok: false; readonly problem: string };

const TRIAL_LIMITS = {
  wallClockMs: 10_000,
  memoryBytes: 512 * 1024 * 1024,
  processes: 64,
  diskBytes: 2 ** 30,
  files: 1_000,
  outputBytes: 1_000,
} as const;

/** Tries it with a sandbox of `users`. */
export async function openBubblewrap(
  options: ProcessSandboxOptions,
  tools: IsolationTools,
  trial: { readonly lifeFolder: string; readonly users: JobUsers },
): Promise<Bubblewrap> {
  const { bwrapPath } = options;
  if (bwrapPath === null || !existsSync(bwrapPath))
    return { ok: false, problem: 'bubblewrap is not installed' };
  if (process.platform !== 'linux' || !hasSeccompFilter(process.arch)) {
    return { ok: false, problem: `bubblewrap is not used on ${process.platform} ${process.arch}` };
  }
  mkdirSync(dirname(options.gatewaySocket), { recursive: true, mode: 0o711 });
  const reach = chooseReach(options, trial);
  const parts: BubblewrapParts = {
    bwrapPath,
    host: readHostView({ ...options, ...hostFiles(options, trial.lifeFolder), reach }),
    seccomp: seccompFilter(process.arch),
    clock: options.clock,
  };
  const closeInherited = closingCommand(inheritedFiles());
  const problem = await runTrial(parts, trial, { tools, closeInherited });
  if (problem !== null) return { ok: false, problem };
  return { ok: true, isolation: bubblewrapIsolation({ ...parts, closeInherited }, tools) };
}

/** Our state and the gateway's socket must be reachable for the sandbox's uid. */
function chooseReach(
  options: ProcessSandboxOptions,
  trial: { readonly lifeFolder: string; readonly users: JobUsers },
): Reach {
  const inside = (path: string) => closedFolder(join(path, 'inside'));
  const isOpen = inside(trial.lifeFolder) === null && inside(dirname(options.gatewaySocket)) === null;
  if (trial.users.code === null || isOpen) return OPEN_REACH;
  return privateReach(trial.lifeFolder, options.gatewaySocket);
}

/** The runner is copied, so that an update of the program does not reach into a running job; Node only where it must. */
function hostFiles(options: ProcessSandboxOptions, lifeFolder: string) {
  const tools = join(lifeFolder, 'tools');
  mkdirSync(tools, { recursive: true, mode: 0o755 });
  const runnerFile = join(tools, 'runner.mjs');
  copyFileSync(options.runnerFile, runnerFile);
  const isOpen = closedFolder(options.nodePath) === null;
  const nodePath = isOpen ? options.nodePath : join(tools, 'node');
  if (!isOpen) copyFileSync(options.nodePath, nodePath, constants.COPYFILE_FICLONE);
  return { etcFolder: join(tools, 'etc'), toolFolders: options.toolFolders ?? [], runnerFile, nodePath };
}

async function runTrial(
  parts: BubblewrapParts,
  trial: { readonly lifeFolder: string; readonly users: JobUsers },
  run: { readonly tools: IsolationTools; readonly closeInherited: readonly string[] },
): Promise<string | null> {
  const folders = jobFolders(join(trial.lifeFolder, 'trial'));
  makeJobFolders(folders, trial.users, ['work']);
  const command: PhaseCommand = {
    phase: 'work',
    limits: TRIAL_LIMITS,
    user: trial.users.code,
    folders,
    toolEnv: {},
    admit: () => undefined,
  };
  const prefix = insidePrefix(run.closeInherited, run.tools, command);
  try {
    const tree = await startInBubblewrap(parts, command, [...prefix, INSIDE.node, '--version']);
    if ('failed' in tree) return `its trial run failed: ${tree.failed}`;
    tree.stdout.resume();
    const { exitCode } = await tree.ended;
    return exitCode === 0 ? null : `its trial run ended with ${exitCode ?? 'no exit code'}`;
  } finally {
    rmSync(folders.job, { recursive: true, force: true });
  }
}
