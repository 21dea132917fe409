/**
 * Starts one phase in bubblewrap and turns bwrap's own signs of life into a `Tree`. bwrap gets an empty environment and
 * its arguments over a pipe, since both are readable inside as `/proc/1/environ` and `/proc/1/cmdline`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable, Writable } from 'node:stream';
import type { Clock } from '../../../shared/clock.ts';
import { admit } from '../admit.ts';
import type { PhaseCommand, ProcessRef, Tree, TreeEnd } from '../options.ts';
import { isGone, readProcesses, refOf, signalProcess } from '../process-table.ts';
import { BWRAP_FD, bwrapArguments } from './bwrap-arguments.ts';
import type { HostView } from './host-view.ts';

/** What every start of this machine shares. */
export interface BubblewrapParts {
  readonly bwrapPath: string;
  readonly host: HostView;
  readonly seccomp: Uint8Array;
  readonly clock: Clock;
}

/** Starts `argv` inside; null when bwrap ended before its first process was there (its words are in `output`). */
export async function startInBubblewrap(
  parts: BubblewrapParts,
  command: PhaseCommand,
  argv: readonly string[],
): Promise<Tree | { readonly failed: string }> {
  const child = spawnBwrap(parts, command, argv);
  const status = readStatus(child);
  const stderr = readable(child, 2);
  const failure = collect(stderr);
  const pid = await status.childPid;
  if (pid === null) return { failed: failure.text() };
  const root = refOf(pid);
  const ended = treeEnd({ child, root, status, clock: parts.clock });
  const refusal = admit(command, root);
  if (refusal !== null) {
    signalProcess(root, 'SIGKILL');
    await ended;
    return { failed: refusal };
  }
  writable(child, BWRAP_FD.block).end('x');
  return {
    root,
    stdout: readable(child, 1),
    stderr,
    ended,
    kill: () => void signalProcess(root, 'SIGKILL'),
    terminate: () => signalFirstChild(root, 'SIGTERM'),
  };
}

function spawnBwrap(parts: BubblewrapParts, command: PhaseCommand, argv: readonly string[]): ChildProcess {
  const { reach } = parts.host;
  const [program = '', ...before] = reach.command(parts.bwrapPath, command.user);
  const child = spawn(program, [...before, '--args', `${BWRAP_FD.args}`, '--', ...argv], {
    env: {},
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
    ...(command.user === null || reach.dropsUser ? {} : command.user),
  });
  child.on('error', () => undefined);
  const args = bwrapArguments(command, parts.host);
  for (const fd of [BWRAP_FD.args, BWRAP_FD.block, BWRAP_FD.seccomp]) {
    // bwrap may end before it read everything; its exit says so.
    writable(child, fd).on('error', () => undefined);
  }
  writable(child, BWRAP_FD.args).end(args.map((arg) => `${arg}\0`).join(''));
  writable(child, BWRAP_FD.seccomp).end(parts.seccomp);
  return child;
}

interface Status {
  /** Host number of the first process inside; null when bwrap ended without one. */
  readonly childPid: Promise<number | null>;
  exitCode(): number | null;
}

/** bwrap writes `child-pid` when the namespaces stand and `exit-code` only when the command ran and ended. */
function readStatus(child: ChildProcess): Status {
  let text = '';
  const stream = readable(child, BWRAP_FD.status).setEncoding('utf8');
  const number = (key: string) => {
    const found = new RegExp(`"${key}":\\s*(\\d+)`).exec(text)?.[1];
    return found === undefined ? null : Number(found);
  };
  const childPid = new Promise<number | null>((resolve) => {
    stream.on('data', (chunk: string) => {
      text += chunk;
      const pid = number('child-pid');
      if (pid !== null) resolve(pid);
    });
    stream.once('close', () => resolve(null));
    child.once('error', () => resolve(null));
  });
  return { childPid, exitCode: () => number('exit-code') };
}

/**
 * The proof that nothing survives: the first process of a pid namespace cannot end before all others have. bwrap's own
 * end is not enough, since after a command's normal end it leaves first and its first process is killed in its wake.
 */
async function treeEnd(parts: {
  readonly child: ChildProcess;
  readonly root: ProcessRef;
  readonly status: Status;
  readonly clock: Clock;
}): Promise<TreeEnd> {
  const { child, root, status, clock } = parts;
  await once(child, 'close');
  while (!isGone(root)) {
    signalProcess(root, 'SIGKILL');
    await clock.sleep(2);
  }
  const exitCode = status.exitCode();
  return { started: exitCode !== null, exitCode, signal: child.signalCode };
}

/** The runner is the oldest child of the namespace's first process; later ones are orphans that it adopted. */
function signalFirstChild(root: ProcessRef, signal: NodeJS.Signals): boolean {
  const children = readProcesses().filter((row) => row.parent === root.pid);
  const [oldest] = children.toSorted((a, b) => a.startTime - b.startTime || a.pid - b.pid);
  return oldest !== undefined && signalProcess(oldest, signal);
}

function collect(stream: Readable): { text(): string } {
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    if (text.length < 4_000) text += chunk.toString('utf8');
  });
  return { text: () => text.trim() };
}

function readable(child: ChildProcess, fd: number): Readable {
  const stream = child.stdio[fd];
  if (!(stream instanceof Readable)) throw new Error(`bwrap has no readable fd ${fd}`);
  return stream;
}

function writable(child: ChildProcess, fd: number): Writable {
  const stream = child.stdio[fd];
  if (!(stream instanceof Writable)) throw new Error(`bwrap has no writable fd ${fd}`);
  return stream;
}
