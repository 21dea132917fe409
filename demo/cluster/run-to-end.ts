/** Runs one command to its end with what it wrote, for kubectl and its like. */
import { spawn } from 'node:child_process';

/** How a command ended. */
export interface CommandEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** For stdin, e.g. manifests with `apply -f -`. */
  readonly input?: string;
  /** Ends the command; 60,000 unless said. */
  readonly timeoutMs?: number;
  /** In a process group of its own: Ctrl-C in the terminal does not reach it. */
  readonly detached?: boolean;
}

const TIMEOUT_MS = 60_000;

/** Resolves whatever its exit code; rejects where it cannot be started. */
export function runToEnd(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandEnd> {
  const child = spawn(command, [...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? TIMEOUT_MS,
    killSignal: 'SIGKILL',
    detached: options.detached ?? false,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
