/**
 * Whether and how this machine gives `isolation: none` a pid namespace: the one way without bubblewrap to end a tree of
 * processes with proof. Tried once, with the arguments that are used.
 */
import { spawnSync } from 'node:child_process';

const PID_NAMESPACE = ['--pid', '--fork', '--kill-child=KILL', '--mount', '--mount-proc'] as const;

/** Arguments of `unshare`, the best first: an own user namespace needs no privilege. */
const WAYS = [['--user', '--map-current-user', ...PID_NAMESPACE], PID_NAMESPACE] as const;

/** The command before the phase's own, or null where the system offers none. */
export function findPidNamespace(): readonly string[] | null {
  if (process.platform !== 'linux') return null;
  const way = WAYS.find((args) => {
    const trial = spawnSync('unshare', [...args, '--', '/bin/sh', '-c', 'exit 7'], {
      timeout: 5_000,
      stdio: 'ignore',
      env: { PATH: '/usr/bin:/bin' },
    });
    return trial.status === 7;
  });
  return way === undefined ? null : ['unshare', ...way, '--'];
}
