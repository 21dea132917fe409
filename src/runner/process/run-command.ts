/** Runs one command to its end, bounded in time and output, in a session of its own without standard input. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { LimitKind } from '../../result/contract/cell.ts';
import { makeExpendable } from './expendable.ts';
import { OutputCapture } from './output-capture.ts';

/** What to run. `argv[0]` is looked up in `env.PATH`. */
export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
  readonly signal?: AbortSignal;
  /** Hears standard output besides the capture. */
  onStdout?(chunk: Buffer): void;
  /** Hears the pid, which is also the session's id. */
  onStart?(pid: number): void;
}

/** How it ended. `limit` only when our own limiter stopped it; `stopped` when the signal did. */
export interface CommandEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly limit: Extract<LimitKind, 'time' | 'output'> | null;
  readonly stopped: boolean;
  readonly durationMs: number;
  readonly capture: OutputCapture;
}

/** Rejects only when the program cannot be started at all. */
export function runCommand(command: Command): Promise<CommandEnd> {
  const startedAt = performance.now();
  const capture = new OutputCapture();
  const [program, ...args] = command.argv;
  const child = spawn(program, args, {
    cwd: command.cwd,
    env: { ...command.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  makeExpendable(child.pid);
  if (child.pid !== undefined) command.onStart?.(child.pid);
  let limit: CommandEnd['limit'] = null;
  let stopped = false;
  const end = (why: CommandEnd['limit']) => {
    limit ??= why;
    killSession(child);
  };
  const onAbort = () => {
    stopped = true;
    end(null);
  };
  const timer = setTimeout(() => end('time'), command.timeoutMs);
  if (command.signal?.aborted) onAbort();
  command.signal?.addEventListener('abort', onAbort, { once: true });
  const take = (chunk: Buffer) => {
    capture.add(chunk);
    if (capture.totalBytes > command.maxOutputBytes) end('output');
  };
  child.stdout.on('data', take).on('data', (chunk: Buffer) => command.onStdout?.(chunk));
  child.stderr.on('data', take);
  return closed(child)
    .then(({ exitCode, signal }) => ({
      exitCode,
      signal,
      limit,
      stopped,
      durationMs: Math.round(performance.now() - startedAt),
      capture,
    }))
    .finally(() => {
      clearTimeout(timer);
      command.signal?.removeEventListener('abort', onAbort);
    });
}

/** Kills the child's process group; those who left it are ended by `endEverything`. */
export function killSession(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nobody left in the group.
  }
}

/**
 * After the exit, survivors of the group are killed; one outside it that still holds the pipe may delay `close`, so we
 * wait for it 200 ms and no longer.
 */
function closed(child: ChildProcess): Promise<{ exitCode: number | null; signal: string | null }> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode, signal) => {
      killSession(child);
      const settle = () => {
        clearTimeout(giveUp);
        child.stdout?.destroy();
        child.stderr?.destroy();
        resolve({ exitCode, signal });
      };
      const giveUp = setTimeout(settle, 200);
      child.once('close', settle);
    });
  });
}
