/**
 * The arguments of one bubblewrap, pure: what the sandbox sees of this machine is exactly what stands here. The trial run
 * at the start uses the same function, so that a sandbox that was found to work is the one that is used.
 */
import { dirname } from 'node:path';
import { type PhaseCommand, VOLUMES } from '../options.ts';
import { ACCESS, hasOwnHome, INSIDE, insidePath, reachesGateway } from '../phase-layout.ts';
import type { HostView } from './host-view.ts';

/** File descriptors of the child that bwrap itself reads and writes. */
export const BWRAP_FD = { args: 3, status: 4, block: 5, seccomp: 6 } as const;

const SHM_BYTES = 64 * 1024 * 1024;

/** Everything before `--`, given to bwrap through a pipe: its own command line is readable inside. */
export function bwrapArguments(command: PhaseCommand, host: HostView): readonly string[] {
  return [
    ...ISOLATION,
    ...system(host),
    ...temporary(command),
    ...volumes(command, host),
    ...gateway(command, host),
    ...['--remount-ro', '/', '--chdir', INSIDE.home],
    ...environment(command),
  ];
}

/** Never shortened: as root without `--cap-drop ALL` a mount undoes every read-only bind. */
const ISOLATION = [
  ...['--unshare-all', '--unshare-user', '--disable-userns', '--uid', '1000', '--gid', '1000'],
  ...['--cap-drop', 'ALL', '--die-with-parent', '--new-session', '--clearenv', '--hostname', 'sandbox'],
  ...['--json-status-fd', `${BWRAP_FD.status}`, '--block-fd', `${BWRAP_FD.block}`],
  ...['--seccomp', `${BWRAP_FD.seccomp}`],
] as const;

function system(host: HostView): readonly string[] {
  return [
    ...['--ro-bind', '/usr', '/usr'],
    ...host.rootLinks.flatMap(({ path, target }) => ['--symlink', target, path]),
    ...host.readOnly.flatMap(({ from, to }) => ['--ro-bind', host.reach.seen(from), to]),
    ...['--proc', '/proc', '--dev', '/dev', '--size', `${SHM_BYTES}`, '--tmpfs', '/dev/shm'],
    ...['--remount-ro', '/dev'],
  ];
}

function temporary(command: PhaseCommand): readonly string[] {
  const size = `${Math.max(SHM_BYTES, Math.floor(command.limits.memoryBytes / 4))}`;
  const home = hasOwnHome(command.phase) ? ['--size', size, '--tmpfs', INSIDE.home] : [];
  return ['--size', size, '--tmpfs', INSIDE.tmp, ...home];
}

function volumes(command: PhaseCommand, host: HostView): readonly string[] {
  const access = ACCESS[command.phase];
  const binds = VOLUMES.flatMap((volume) => {
    const mode = access[volume];
    if (mode === undefined) return [];
    return [
      mode === 'rw' ? '--bind' : '--ro-bind',
      host.reach.seen(command.folders.volume(volume)),
      insidePath(volume, command.phase),
    ];
  });
  return [...binds, '--ro-bind', host.reach.seen(command.folders.phase(command.phase)), INSIDE.phase];
}

/** The socket's folder, not the socket: a file that was bound is dead for ever once the gateway restarts. */
function gateway(command: PhaseCommand, host: HostView): readonly string[] {
  if (!reachesGateway(command.phase)) return [];
  return ['--ro-bind', host.reach.seen(dirname(host.gatewaySocket)), INSIDE.gateway];
}

/** The runner's own environment; that of the repository's tools is the runner's to make, from the layout. */
function environment(command: PhaseCommand): readonly string[] {
  const path = command.toolEnv['PATH'] ?? '/usr/local/bin:/usr/bin:/bin';
  return [
    ...['--setenv', 'PATH', path, '--setenv', 'HOME', INSIDE.home, '--setenv', 'TMPDIR', INSIDE.tmp],
    ...['--setenv', 'LANG', 'C.UTF-8'],
  ];
}
