/** Can this machine start a bubblewrap sandbox? A trial run, not a look at PATH: it may be there and not be allowed. */
import { spawnSync } from 'node:child_process';

/** True where the trial ended well. */
export function hasBubblewrap(): boolean {
  const args = ['--unshare-all', '--unshare-user', '--cap-drop', 'ALL', '--ro-bind', '/', '/', 'true'];
  return spawnSync('bwrap', args).status === 0;
}
