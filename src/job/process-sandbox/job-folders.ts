/**
 * A job's folders on the host: made before its first phase, owned by the uid that may write them, deleted with the job.
 * The job's folder opens to its own group alone, so no other user of the machine and no other job reads it.
 */
import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RunnerLayout } from '../../result/contract/layout.ts';
import type { Phase } from '../../result/contract/phase-spec.ts';
import { type HostUser, type JobFolders, VOLUMES } from './options.ts';

const run = promisify(execFile);

/** Host users of one job: deliver has another uid than the repository's code, and the same group to read results by. */
export interface JobUsers {
  readonly code: HostUser;
  readonly deliver: HostUser;
}

/** Paths of a job's folders below `root`. */
export function jobFolders(root: string): JobFolders {
  return {
    job: root,
    volume: (name) => join(root, 'volumes', name),
    phase: (phase) => join(root, 'phases', phase),
    log: (phase) => join(root, 'logs', `${phase}.log`),
  };
}

/** Makes them; `phases` are the job's own. */
export function makeJobFolders(folders: JobFolders, users: JobUsers, phases: readonly Phase[]): void {
  const group = users.code;
  for (const folder of ['', 'volumes', 'phases'])
    ownFolder(join(folders.job, folder), { uid: 0, mode: 0o710, group });
  ownFolder(join(folders.job, 'logs'), { uid: 0, mode: 0o700, group: null });
  for (const volume of VOLUMES) {
    const owner = volume === 'sealed' ? users.deliver : users.code;
    ownFolder(folders.volume(volume), { uid: owner?.uid ?? 0, mode: 0o755, group });
  }
  for (const phase of phases) ownFolder(folders.phase(phase), { uid: 0, mode: 0o750, group });
}

/** Writes what one phase is told; the token is readable for that phase's uid only. */
export function writePhaseFiles(parts: {
  readonly folder: string;
  readonly user: HostUser;
  readonly layout: RunnerLayout;
  readonly token: string | null;
}): void {
  const { folder, user, layout, token } = parts;
  writeFileSync(join(folder, 'layout.json'), JSON.stringify(layout), { mode: 0o644 });
  if (token === null) return;
  const file = join(folder, 'token');
  writeFileSync(file, token, { mode: 0o400 });
  if (user !== null) chownSync(file, user.uid, user.gid);
}

/** The phase is over: its token needs no file any more. */
export function forgetToken(folder: string): void {
  rmSync(join(folder, 'token'), { force: true });
}

/**
 * Deletes a tree of which folders may be read-only, as Go's module cache makes them, and whose names may not be UTF-8,
 * which Node's own `rm` cannot remove.
 */
export async function deleteTree(folder: string): Promise<void> {
  const remove = () => run('rm', ['-rf', '--', folder]);
  try {
    await remove();
  } catch {
    await run('chmod', ['-R', 'u+rwX', folder]).catch(() => undefined);
    await remove();
  }
}

function ownFolder(
  path: string,
  owner: { readonly uid: number; readonly mode: number; readonly group: HostUser },
): void {
  mkdirSync(path, { recursive: true });
  chmodSync(path, owner.mode);
  if (owner.group !== null) chownSync(path, owner.uid, owner.group.gid);
}
