/**
 * Root's state often lies where other users cannot pass (`/root`, a 0700 folder above it), and bwrap itself runs as the
 * sandbox's uid. Then bwrap is started in a mount namespace of its own in which our two folders stand in a passable place.
 */
import { dirname } from 'node:path';
import type { HostUser } from '../options.ts';

/** How bwrap is called, and which path it knows a host path by. */
export interface Reach {
  /** The command line that becomes bwrap; `dropsUser`: it changes the uid itself. */
  command(bwrapPath: string, user: HostUser): readonly string[];
  readonly dropsUser: boolean;
  seen(hostPath: string): string;
}

/** Nothing is in the way. */
export const OPEN_REACH: Reach = {
  command: (bwrapPath) => [bwrapPath],
  dropsUser: false,
  seen: (hostPath) => hostPath,
};

const STATE = '/mnt/state';
const GATEWAY = '/mnt/gateway';

/** `/mnt` is hidden in this namespace only; setpriv and bwrap replace the shell, so bwrap's parent stays our process. */
const SCRIPT = [
  'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
  'uid=$1 gid=$2 state=$3 gateway=$4',
  'shift 4',
  'mount -t tmpfs -o mode=0711 none /mnt || exit 1',
  `mkdir -m 0711 ${STATE} ${GATEWAY} || exit 1`,
  `mount --bind "$state" ${STATE} || exit 1`,
  `mount --bind "$gateway" ${GATEWAY} || exit 1`,
  'exec setpriv --reuid "$uid" --regid "$gid" --clear-groups -- "$@"',
].join('\n');

/** For root whose `lifeFolder` or gateway folder is closed to other uids. */
export function privateReach(lifeFolder: string, gatewaySocket: string): Reach {
  const gateway = dirname(gatewaySocket);
  return {
    dropsUser: true,
    command: (bwrapPath, user) => [
      ...['/usr/bin/unshare', '--mount', '--propagation', 'private', '--', '/bin/sh', '-c', SCRIPT, 'sh'],
      ...[`${user?.uid ?? 0}`, `${user?.gid ?? 0}`, lifeFolder, gateway, bwrapPath],
    ],
    seen: (hostPath) => {
      if (hostPath === gateway) return GATEWAY;
      return hostPath.startsWith(`${lifeFolder}/`) ? STATE + hostPath.slice(lifeFolder.length) : hostPath;
    },
  };
}
