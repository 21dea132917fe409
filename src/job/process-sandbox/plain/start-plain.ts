/**
 * Starts one phase without isolation, as plain processes with a clean environment, and ends it as a tree as well as the
 * system offers: by a pid namespace where there is one, else by process group and marker.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable, Writable } from 'node:stream';
import type { Clock } from '../../../shared/clock.ts';
import { admit } from '../admit.ts';
import type { PhaseCommand, ProcessRef, Tree, TreeEnd } from '../options.ts';
import { isGone, type ProcessRow, readProcesses, refOf, signalProcess, treeOf } from '../process-table.ts';
import { GUARD_FD, guardScript, NAMESPACE_INIT } from './guard-script.ts';
import { MARKER, markedProcesses } from './marked-processes.ts';

/** What every plain start of this machine shares. */
export interface PlainParts {
  /** From `findPidNamespace`. */
  readonly pidNamespace: readonly string[] | null;
  readonly clock: Clock;
}

/** Where a plain phase runs and how its processes are known. */
export interface PlainPlace {
  /** LIFE/JOB/PHASE. */
  readonly marker: string;
  readonly home: string;
  readonly tmp: string;
}

/** Starts `argv` (limits first, then the runner). Failing to start at all shows in `ended`. */
export function startPlain(
  parts: PlainParts,
  command: PhaseCommand,
  run: { readonly argv: readonly string[]; readonly place: PlainPlace },
): Tree | { readonly failed: string } {
  const child = spawnGuard(parts, command, run);
  if (child.pid === undefined) return { failed: '/bin/sh cannot be started' };
  const guard = refOf(child.pid);
  const { marker } = run.place;
  const kill = () => killAll(guard, marker);
  const ended = treeEnd({ child, guard, marker, clock: parts.clock });
  const line = writable(child);
  line.on('error', () => undefined);
  const refusal = admit(command, guard);
  if (refusal !== null) {
    // The guard ends when its line does, before it has begun anything.
    line.destroy();
    return { failed: refusal };
  }
  line.write('go\n');
  return {
    root: guard,
    stdout: readable(child, 1),
    stderr: readable(child, 2),
    ended,
    kill,
    terminate: () => terminateRunner(guard, parts.pidNamespace !== null),
  };
}

function spawnGuard(
  parts: PlainParts,
  command: PhaseCommand,
  run: { readonly argv: readonly string[]; readonly place: PlainPlace },
): ChildProcess {
  const { home, tmp, marker } = run.place;
  const inner = [...run.argv];
  const argv =
    parts.pidNamespace === null
      ? inner
      : [...parts.pidNamespace, '/bin/sh', '-c', NAMESPACE_INIT, 'sh', ...inner];
  const child = spawn('/bin/sh', ['-c', guardScript(parts.pidNamespace !== null), 'sh', ...argv], {
    cwd: home,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: {
      PATH: command.toolEnv['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
      HOME: home,
      TMPDIR: tmp,
      LANG: 'C.UTF-8',
      [MARKER]: marker,
    },
  });
  child.on('error', () => undefined);
  return child;
}

/** Everything of the tree, the namespace's first process before `unshare`, so that its end comes after theirs. */
function killAll(guard: ProcessRef, marker: string): void {
  const rows = readProcesses();
  for (const row of [...treeOf(rows, guard.pid), ...markedProcesses(marker)].toReversed()) {
    if (row.pid !== guard.pid) signalProcess(row, 'SIGKILL');
  }
  if (rows.length === 0) killGroup(guard.pid);
}

/**
 * The guard ends after the runner. With a pid namespace all is over then; without one what was left behind is killed
 * until nothing of the marker and the group is found twice in a row.
 */
async function treeEnd(parts: {
  readonly child: ChildProcess;
  readonly guard: ProcessRef;
  readonly marker: string;
  readonly clock: Clock;
}): Promise<TreeEnd> {
  const { child, guard, marker, clock } = parts;
  await once(child, 'exit');
  for (let quiet = 0; quiet < 2; ) {
    const left = survivors(guard, marker);
    for (const row of left) signalProcess(row, 'SIGKILL');
    killGroup(guard.pid);
    quiet = left.length === 0 ? quiet + 1 : 0;
    await clock.sleep(3);
  }
  writable(child).destroy();
  return { started: child.exitCode !== 125, exitCode: child.exitCode, signal: child.signalCode };
}

function survivors(guard: ProcessRef, marker: string): readonly ProcessRow[] {
  const group = readProcesses().filter((row) => row.group === guard.pid);
  return [...group, ...markedProcesses(marker)].filter((row) => !isGone(row));
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // Nobody is left in it.
  }
}

/** Behind guard, `unshare` and the namespace's first process; without a namespace right behind the guard. */
function terminateRunner(guard: ProcessRef, hasPidNamespace: boolean): boolean {
  const rows = readProcesses();
  let parent = guard.pid;
  for (let depth = hasPidNamespace ? 3 : 1; depth > 0; depth--) {
    const children = rows.filter((row) => row.parent === parent);
    const [oldest] = children.toSorted((a, b) => a.startTime - b.startTime || a.pid - b.pid);
    if (oldest === undefined) return false;
    parent = oldest.pid;
  }
  return signalProcess(refOf(parent), 'SIGTERM');
}

function readable(child: ChildProcess, fd: number): Readable {
  const stream = child.stdio[fd];
  if (!(stream instanceof Readable)) throw new Error(`the guard has no readable fd ${fd}`);
  return stream;
}

function writable(child: ChildProcess): Writable {
  const stream = child.stdio[GUARD_FD];
  if (!(stream instanceof Writable)) throw new Error('the guard has no line to us');
  return stream;
}
