/**
 * Listens on a unix socket in a folder of its own. Sandboxes bind the folder, not the socket: a bound socket would be
 * refused forever after a restart of the gateway, in the folder the new one is found.
 */
import { chmod, lstat, mkdir, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { GloveboxError } from '../shared/errors.ts';

/** `sun_path` has 108 bytes with its final NUL. */
const MAX_PATH_BYTES = 107;
/** Others may pass through the folder and not list it; whoever connects still needs a token. */
const FOLDER_MODE = 0o711;
const SOCKET_MODE = 0o666;

/**
 * Makes the folder, clears away the socket that a killed gateway left, and listens. Errors: `socket-path-too-long`,
 * `socket-in-use` (somebody answers there), `socket-path-taken` (something else stands there).
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) throw pathTooLong(path);
  await mkdir(dirname(path), { recursive: true });
  await chmod(dirname(path), FOLDER_MODE);
  await clearStale(path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
  await chmod(path, SOCKET_MODE);
}

async function clearStale(path: string): Promise<void> {
  const stat = await lstat(path).catch(() => null);
  if (!stat) return;
  if (!stat.isSocket()) throw pathTaken(path);
  if (await answers(path)) throw inUse(path);
  await rm(path, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function pathTooLong(path: string): GloveboxError {
  return new GloveboxError({
    code: 'socket-path-too-long',
    message: `Invalid socket path '${path}': expected at most ${MAX_PATH_BYTES} bytes. Use a shorter data folder.`,
  });
}

function pathTaken(path: string): GloveboxError {
  return new GloveboxError({
    code: 'socket-path-taken',
    message: `'${path}' is not a socket: expected nothing there, or a socket that a gateway left. Move it away.`,
  });
}

function inUse(path: string): GloveboxError {
  return new GloveboxError({
    code: 'socket-in-use',
    message: `Another process listens on '${path}': expected one gateway per data folder. Stop the other one.`,
  });
}
