/**
 * What one life of the adapter knows of its machine: its folder, its users, its limits and its isolations, found out once
 * at the start, after the leftovers of earlier lives are gone.
 */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Bubblewrap, openBubblewrap } from './bubblewrap/open-bubblewrap.ts';
import { createHostUsers, type HostUsers } from './host-users.ts';
import { type Isolation, type IsolationTools, plainIsolation } from './isolation.ts';
import { deleteTree } from './job-folders.ts';
import { type Cgroups, openCgroups } from './limits/cgroup.ts';
import { findLimitTools } from './limits/limit-command.ts';
import { beginLife, endedLives, type Life, notedProcesses } from './lives.ts';
import type { ProcessSandboxOptions } from './options.ts';
import { markedProcesses } from './plain/marked-processes.ts';
import { findPidNamespace } from './plain/pid-namespace.ts';
import { type ProcessRow, readProcesses, signalProcess } from './process-table.ts';

/** One life's machine. */
export interface Machine {
  readonly options: ProcessSandboxOptions;
  readonly life: Life;
  readonly users: HostUsers;
  readonly cgroups: Cgroups | null;
  readonly bubblewrap: Bubblewrap;
  readonly plain: Isolation;
  /** All processes, read at most every 50 ms however many phases look. */
  readonly processes: () => readonly ProcessRow[];
}

const TABLE_AGE_MS = 50;

/** Tidies up after earlier lives and looks at the machine. */
export async function openMachine(options: ProcessSandboxOptions): Promise<Machine> {
  const root = join(options.folder, 'lives');
  mkdirSync(root, { recursive: true, mode: 0o711 });
  // Passable for the uids of sandboxes, listable for nobody; each job's folder opens to its own group alone.
  for (const folder of [options.folder, root]) chmodSync(folder, 0o711);
  const life = beginLife(root, options.random);
  const cgroups = process.platform === 'linux' ? openCgroups(life.id) : null;
  for (const ended of endedLives(root)) await removeLife(ended, cgroups, options);
  const users = createHostUsers(isRoot(), options.firstUid ?? 20_000);
  const tools: IsolationTools = { limits: findLimitTools(), notLimited: unlimited() };
  const trialUsers = users.take();
  const bubblewrap = await openBubblewrap(options, tools, { lifeFolder: life.folder, users: trialUsers });
  users.give(trialUsers);
  const pidNamespace = findPidNamespace();
  const plain = plainIsolation({ ...options, pidNamespace }, plainTools(tools, cgroups, pidNamespace));
  return { options, life, users, cgroups, bubblewrap, plain, processes: cachedProcesses(options) };
}

/** Our own look at memory needs `/proc`, that at files GNU's `du`. */
function unlimited(): readonly string[] {
  return process.platform === 'linux' ? [] : ['memory', 'files'];
}

/** Without isolation a process limit needs a cgroup, or a user namespace and a user that the kernel does limit. */
function plainTools(
  tools: IsolationTools,
  cgroups: Cgroups | null,
  pidNamespace: readonly string[] | null,
): IsolationTools {
  const byNamespace = pidNamespace?.includes('--user') === true && tools.limits.prlimit !== null && !isRoot();
  if (cgroups !== null || byNamespace) return tools;
  return { ...tools, notLimited: [...tools.notLimited, 'processes'] };
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

async function removeLife(
  life: Life,
  cgroups: Cgroups | null,
  options: ProcessSandboxOptions,
): Promise<void> {
  const left = [...notedProcesses(life), ...markedProcesses(`${life.id}/`)];
  for (const ref of left) signalProcess(ref, 'SIGKILL');
  cgroups?.removeLife(life.id);
  await deleteTree(life.folder);
  options.log.info(
    { life: life.id, processes: left.length },
    'removed what an earlier life of the sandbox left',
  );
}

function cachedProcesses(options: ProcessSandboxOptions): () => readonly ProcessRow[] {
  let rows: readonly ProcessRow[] = [];
  let readAt = 0;
  return () => {
    const now = options.clock.now();
    if (now - readAt < TABLE_AGE_MS) return rows;
    readAt = now;
    rows = readProcesses();
    return rows;
  };
}
