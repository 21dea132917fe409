/** The one-machine sandbox as the bot of this machine uses it. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readToolPath } from '../config/env.ts';
import { createProcessSandbox, type ProcessSandbox } from '../job/process-sandbox/process-sandbox.ts';
import type { Clock } from '../shared/clock.ts';
import { GloveboxError } from '../shared/errors.ts';
import type { RandomBytes } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { runnerFile } from './runner-file.ts';

/** The gateway's socket inside its folder. */
const SOCKET_NAME = 'gateway.sock';

/** A unix socket's path has at most 107 bytes. */
const MAX_SOCKET_PATH_BYTES = 107;

/** A cloud's metadata service: nothing may answer there from inside a sandbox. */
const CANARIES = ['169.254.169.254:80'];

export interface OneMachineOptions {
  /** Further `host:port` that answer on this machine and must not from inside, e.g. the bot's own. */
  readonly canaries?: readonly string[];
  readonly home: string;
  readonly gatewaySocketDir: string;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
}

/** Opens it. Errors: `runner-missing`, `sandbox-unavailable`, `socket-path-too-long`. */
export async function openOneMachine(options: OneMachineOptions): Promise<ProcessSandbox> {
  const folder = resolve(options.home, 'sandboxes');
  mkdirSync(folder, { recursive: true });
  return createProcessSandbox({
    folder,
    nodePath: process.execPath,
    runnerFile: runnerFile(),
    gatewaySocket: gatewaySocket(options.gatewaySocketDir),
    bwrapPath: '/usr/bin/bwrap',
    toolPath: readToolPath(),
    canaries: [...CANARIES, ...(options.canaries ?? [])],
    clock: options.clock,
    log: options.log,
    random: options.random,
  });
}

/** The socket's absolute path. Error `socket-path-too-long`. */
export function gatewaySocket(folder: string): string {
  const path = join(resolve(folder), SOCKET_NAME);
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return path;
  throw new GloveboxError({
    code: 'socket-path-too-long',
    message: `The socket path '${path}' has ${Buffer.byteLength(path)} bytes: expected at most ${MAX_SOCKET_PATH_BYTES}. Set GLOVEBOX_GATEWAY_SOCKET_DIR to a shorter folder.`,
  });
}
