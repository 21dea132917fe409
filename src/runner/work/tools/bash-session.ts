/**
 * The agent's shell: one process that keeps its folder and variables from call to call. Commands get no standard input;
 * one that does not end is killed with everything it started, and a fresh shell takes over.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeExpendable } from '../../process/expendable.ts';
import { killSession } from '../../process/run-command.ts';

/** How a command ended. `exited`: it ended the shell itself. */
export interface ShellAnswer {
  readonly output: string;
  readonly end: 'done' | 'exited' | 'timed-out' | 'too-much-output' | 'stopped';
  readonly exitCode: number | null;
}

/** What the shell needs. `scratch` holds the command's text while it runs. */
export interface BashSessionOptions {
  readonly workspace: string;
  readonly scratch: string;
  readonly env: Readonly<Record<string, string>>;
  readonly maxOutputBytes: number;
  /** Kills what left the shell's process group; called whenever a shell is given up. */
  readonly killRest: () => Promise<void>;
  onStart?(pid: number): void;
}

const LAST_BYTES_MS = 100;

type End = Omit<ShellAnswer, 'output'>;

/** A persistent shell. Calls must not overlap. */
export class BashSession {
  readonly #options: BashSessionOptions;
  #child: ChildProcessWithoutNullStreams | null = null;

  constructor(options: BashSessionOptions) {
    this.#options = options;
  }

  /** Runs one command; standard output and error come as one text in their order. */
  async run(command: string, timeoutMs: number, signal: AbortSignal): Promise<ShellAnswer> {
    const child = this.#child ?? this.#start();
    const { scratch } = this.#options;
    const mark = randomBytes(12).toString('hex');
    const file = join(scratch, `command-${randomBytes(6).toString('hex')}.sh`);
    mkdirSync(scratch, { recursive: true });
    writeFileSync(file, `${command}\n`);
    try {
      const answer = this.#listen(child, mark, { timeoutMs, signal });
      child.stdin.write(runAndMark(file, mark));
      const { output, end, exitCode } = await answer;
      if (end !== 'done') await this.restart();
      return { output, end, exitCode };
    } finally {
      rmSync(file, { force: true });
    }
  }

  /** Ends the shell and everything it started; the next call begins a fresh one. */
  async restart(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child !== null) killSession(child);
    await this.#options.killRest();
    child?.stdout.destroy();
    child?.stdin.destroy();
  }

  #start(): ChildProcessWithoutNullStreams {
    const { workspace, env, onStart } = this.#options;
    const bash = ['/bin/bash', '/usr/bin/bash'].find((path) => existsSync(path));
    const args = bash === undefined ? [] : ['--noprofile', '--norc'];
    const child = spawn(bash ?? '/bin/sh', args, { cwd: workspace, env: { ...env }, detached: true });
    child.stdin.on('error', () => {});
    child.on('error', () => {});
    child.stderr.resume();
    makeExpendable(child.pid);
    child.stdin.write('exec 2>&1\n');
    if (child.pid !== undefined) onStart?.(child.pid);
    this.#child = child;
    return child;
  }

  #listen(
    child: ChildProcessWithoutNullStreams,
    mark: string,
    bounds: { timeoutMs: number; signal: AbortSignal },
  ): Promise<ShellAnswer> {
    const heard = new Transcript(mark, this.#options.maxOutputBytes);
    return new Promise((resolve) => {
      const finish = (end: End) => {
        clearTimeout(timer);
        child.stdout.off('data', onData);
        clearTimeout(gone);
        child.off('exit', onExit);
        bounds.signal.removeEventListener('abort', onAbort);
        resolve({ ...end, output: heard.text() });
      };
      const onData = (chunk: Buffer) => {
        const end = heard.add(chunk);
        if (end !== null) finish(end);
      };
      // What it started may still hold the pipe, so `close` is not waited for; the last bytes are.
      let gone: NodeJS.Timeout | undefined;
      const onExit = (exitCode: number | null) => {
        gone = setTimeout(() => finish({ end: 'exited', exitCode }), LAST_BYTES_MS);
      };
      const onAbort = () => finish({ end: 'stopped', exitCode: null });
      const timer = setTimeout(() => finish({ end: 'timed-out', exitCode: null }), bounds.timeoutMs);
      child.stdout.on('data', onData);
      child.once('exit', onExit);
      bounds.signal.addEventListener('abort', onAbort, { once: true });
      if (bounds.signal.aborted) onAbort();
      else if (child.exitCode !== null || child.signalCode !== null) onExit(child.exitCode);
    });
  }
}

/** What one command wrote, until its mark. */
class Transcript {
  readonly #pattern: RegExp;
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #size = 0;
  #tail = '';

  constructor(mark: string, maxBytes: number) {
    this.#pattern = new RegExp(`\\n${mark} (\\d+)\\n`);
    this.#maxBytes = maxBytes;
  }

  add(chunk: Buffer): End | null {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    // The mark may be split between chunks; it is looked for in the end only.
    this.#tail = (this.#tail + chunk.toString('latin1')).slice(-(chunk.length + 64));
    const found = this.#pattern.exec(this.#tail);
    if (found !== null) return { end: 'done', exitCode: Number(found[1]) };
    return this.#size > this.#maxBytes ? { end: 'too-much-output', exitCode: null } : null;
  }

  text(): string {
    const all = Buffer.concat(this.#chunks).toString('utf8');
    const at = all.search(this.#pattern);
    return at === -1 ? all : all.slice(0, at);
  }
}

/**
 * One compound command, which the shell has read to its end before it begins: while the file runs, the mark stands in the
 * shell's memory alone, not in its input, in a name or in a variable, where a program that wants to forge it would look.
 */
function runAndMark(file: string, mark: string): string {
  return `{ . ${quote(file)} </dev/null; printf '\\n%s %d\\n' ${mark} "$?"; }\n`;
}

function quote(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
