/**
 * Runs git in fetch: argument arrays, no shell, no configuration but ours (INC-07, INC-09, INC-18). The tree is a
 * stranger's: no hooks, no filters, no submodules, no transport but HTTP to our forwarder.
 */
import { PhaseFailedError } from '../phase-failed.ts';
import { type CommandEnd, runCommand } from '../process/run-command.ts';

/** What git is given besides its arguments. */
export interface GitDeps {
  readonly path: string;
  readonly home: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const CONFIG: readonly (readonly [string, string])[] = [
  ['protocol.version', '2'],
  ['protocol.allow', 'never'],
  ['protocol.http.allow', 'always'],
  ['http.followRedirects', 'false'],
  ['credential.helper', ''],
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.autocrlf', 'false'],
  ['core.symlinks', 'true'],
  ['core.fileMode', 'true'],
  ['core.protectHFS', 'true'],
  ['core.protectNTFS', 'true'],
  ['submodule.recurse', 'false'],
  ['fetch.recurseSubmodules', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['init.defaultBranch', 'base'],
  ['advice.detachedHead', 'false'],
  ['safe.directory', '*'],
];

/** Runs `git ARGS`; fails as `fetch-failed` unless it exits 0. Standard output goes to `onStdout` where given. */
export async function git(
  deps: GitDeps,
  args: readonly string[],
  onStdout?: (chunk: Buffer) => void,
): Promise<CommandEnd> {
  const end = await runCommand({
    argv: ['git', ...args],
    cwd: '/',
    env: gitEnv(deps),
    timeoutMs: deps.timeoutMs,
    maxOutputBytes: 256 * 1024 * 1024,
    signal: deps.signal,
    ...(onStdout === undefined ? {} : { onStdout }),
  });
  if (end.exitCode === 0 && end.limit === null) return end;
  throw new PhaseFailedError({
    code: 'fetch-failed',
    message: `git ${args.find((arg) => !arg.startsWith('-') && !arg.startsWith('/')) ?? ''} ended with ${end.limit ?? end.exitCode ?? end.signal}; expected exit 0.`,
    outputTail: end.capture.lastLines(20),
  });
}

/** Everything that could change what git does is named here; nothing is inherited. */
export function gitEnv(deps: Pick<GitDeps, 'path' | 'home'>): Record<string, string> {
  const config = CONFIG.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return {
    PATH: deps.path,
    HOME: deps.home,
    LANG: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    GIT_NO_LAZY_FETCH: '1',
    GIT_ALLOW_PROTOCOL: 'http',
    GIT_PROTOCOL_FROM_USER: '0',
    NO_PROXY: '127.0.0.1',
    no_proxy: '127.0.0.1',
    GIT_CONFIG_COUNT: String(CONFIG.length),
    ...Object.fromEntries(config),
  };
}
