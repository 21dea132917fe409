/** Turns a job's spec into folders, users and phases that are ready to run: the last step before anything starts. */

import type { Phase } from '../../result/contract/phase-spec.ts';
import { GloveboxError } from '../../shared/errors.ts';
import { type JobSpec, type PhaseTokens, SCRATCH_SHARE } from '../sandbox.ts';
import type { Isolation } from './isolation.ts';
import {
  deleteTree,
  forgetToken,
  type JobUsers,
  jobFolders,
  makeJobFolders,
  writePhaseFiles,
} from './job-folders.ts';
import type { TreeCgroup } from './limits/cgroup.ts';
import type { WatchedVolume } from './limits/watch-phase.ts';
import { noteProcess } from './lives.ts';
import type { Machine } from './machine.ts';
import type { JobFolders, PhaseCommand, ProcessRef, Tree } from './options.ts';
import { VOLUMES } from './options.ts';
import { ACCESS, reachesGateway } from './phase-layout.ts';
import { PhaseRun } from './phase-run.ts';
import { treeOf } from './process-table.ts';

/** A job whose folders stand. */
export interface PreparedJob {
  readonly isolation: Isolation;
  readonly makePhase: (phase: Phase, changed: () => void) => PhaseRun;
  /** Deletes the folders; nothing of the job may run any more. */
  discard(): Promise<void>;
}

interface Job {
  readonly machine: Machine;
  readonly spec: JobSpec;
  readonly tokens: PhaseTokens;
  readonly isolation: Isolation;
  readonly folders: JobFolders;
  readonly users: JobUsers;
}

/** Error `isolation-missing` where bubblewrap is asked for and does not work here. */
export function prepareJob(
  machine: Machine,
  spec: JobSpec,
  parts: { readonly tokens: PhaseTokens; readonly root: string },
): PreparedJob {
  const isolation = chooseIsolation(machine, spec);
  const folders = jobFolders(parts.root);
  const users = spec.isolation === 'bubblewrap' ? machine.users.take() : { code: null, deliver: null };
  try {
    makeJobFolders(folders, users, spec.phases);
  } catch (error) {
    machine.users.give(users);
    throw error;
  }
  const job: Job = { machine, spec, tokens: parts.tokens, isolation, folders, users };
  return {
    isolation,
    makePhase: (phase, changed) => makePhase(job, phase, changed),
    discard: async () => {
      await deleteTree(parts.root);
      machine.users.give(users);
    },
  };
}

function chooseIsolation(machine: Machine, spec: JobSpec): Isolation {
  if (spec.isolation === 'none') return machine.plain;
  if (machine.bubblewrap.ok) return machine.bubblewrap.isolation;
  throw new GloveboxError({
    code: 'isolation-missing',
    message: `Job '${spec.name}' needs bubblewrap, which does not work here: ${machine.bubblewrap.problem}. Install it, or let the template say isolation: none.`,
  });
}

function makePhase(job: Job, phase: Phase, changed: () => void): PhaseRun {
  const { machine, spec, folders } = job;
  let cgroup: TreeCgroup | null = null;
  const makeCgroup = () => {
    cgroup = machine.cgroups?.create(`${spec.name}-${phase}`, spec.limits) ?? null;
  };
  const admit = (root: ProcessRef) => {
    cgroup?.add(root.pid);
    noteProcess(machine.life, `${spec.name}-${phase}`, root);
  };
  return new PhaseRun({
    phase,
    changed,
    clock: machine.options.clock,
    limits: spec.limits,
    logFile: folders.log(phase),
    volumes: watchedVolumes(folders, phase),
    tree: (root) => treeOf(machine.processes(), root),
    cgroup: () => cgroup,
    start: () => {
      makeCgroup();
      return startPhase(job, phase, admit);
    },
    ended: () => forgetToken(folders.phase(phase)),
  });
}

async function startPhase(
  job: Job,
  phase: Phase,
  admit: PhaseCommand['admit'],
): Promise<Tree | { readonly failed: string }> {
  const { machine, spec, folders, isolation } = job;
  const user = phase === 'deliver' ? job.users.deliver : job.users.code;
  const { toolEnv, limits } = spec;
  const layout = isolation.layout(phase, folders, { toolEnv, canaries: machine.options.canaries ?? [] });
  const token = reachesGateway(phase) ? (job.tokens[phase] ?? null) : null;
  writePhaseFiles({ folder: folders.phase(phase), user, layout, token });
  const command = { phase, limits, user, folders, toolEnv, admit };
  const tree = await isolation.start(command, `${machine.life.id}/${spec.name}/${phase}`);
  if ('failed' in tree) {
    machine.options.log.error(
      { job: spec.name, phase, problem: tree.failed },
      'a phase could not be started',
    );
  }
  return tree;
}

function watchedVolumes(folders: JobFolders, phase: Phase): readonly WatchedVolume[] {
  return VOLUMES.filter((volume) => ACCESS[phase][volume] === 'rw').map((volume) => ({
    folder: folders.volume(volume),
    share: volume === 'scratch' ? SCRATCH_SHARE : 1,
  }));
}
