/**
 * The two isolations of one machine behind one interface: how a phase is started, what its runner is told, and what could
 * not be put in force.
 */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RunnerLayout } from '../../result/contract/layout.ts';
import type { Phase } from '../../result/contract/phase-spec.ts';
import { type BubblewrapParts, startInBubblewrap } from './bubblewrap/start-in-bubblewrap.ts';
import { type LimitTools, limitCommand } from './limits/limit-command.ts';
import type { JobFolders, PhaseCommand, ProcessSandboxOptions, Tree } from './options.ts';
import {
  hasOwnHome,
  INSIDE,
  insidePath,
  type LayoutFacts,
  phaseLayout,
  reachesGateway,
} from './phase-layout.ts';
import { type PlainParts, startPlain } from './plain/start-plain.ts';

/** One isolation, ready to start phases. */
export interface Isolation {
  /** For the check run: what the isolation enforced. */
  readonly network: string;
  readonly notLimited: readonly string[];
  layout(phase: Phase, folders: JobFolders, facts: Pick<LayoutFacts, 'canaries' | 'toolEnv'>): RunnerLayout;
  start(command: PhaseCommand, marker: string): Promise<Tree | { readonly failed: string }>;
}

/** Printed by whoever starts jobs with `isolation: none`. */
export const ISOLATION_NONE_WARNING =
  "isolation: none. The repository's code and the agent run as ordinary processes of this user: they can read its files and the keys of its processes, and reach the network. Use it only with repositories that you would run by hand. Install bubblewrap to fence them.";

/** Our own Node stands last: it is there where the machine has none that the sandbox can see. */
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What both need of this machine. */
export interface IsolationTools {
  readonly limits: LimitTools;
  /** Limits that this machine cannot put in force, by name, whatever the isolation. */
  readonly notLimited: readonly string[];
}

/** Bubblewrap: every phase sees its own volumes, nothing of the host, no network but the gateway's socket. */
export function bubblewrapIsolation(
  parts: BubblewrapParts & { readonly closeInherited: readonly string[] },
  tools: IsolationTools,
): Isolation {
  const notLimited = tools.limits.prlimit === null ? [...tools.notLimited, 'processes'] : tools.notLimited;
  return {
    network: 'nothing but our gateway',
    notLimited,
    layout: (phase, _folders, facts) => {
      const places = {
        phase,
        pathOf: (volume: Parameters<typeof insidePath>[0]) => insidePath(volume, phase),
        socketPath: join(INSIDE.gateway, parts.host.gatewaySocket.split('/').at(-1) ?? ''),
        tokenFile: reachesGateway(phase) ? join(INSIDE.phase, 'token') : null,
        home: INSIDE.home,
        tmp: INSIDE.tmp,
      };
      const toolEnv = { PATH: `${SYSTEM_PATH}:${dirname(INSIDE.node)}`, ...facts.toolEnv };
      return phaseLayout(places, { ...facts, toolEnv, fence: 'gateway-only', notLimited });
    },
    start: (command) => {
      const runner = [INSIDE.node, INSIDE.runner, command.phase, join(INSIDE.phase, 'layout.json')];
      const prefix = insidePrefix(parts.closeInherited, tools, command);
      return startInBubblewrap(parts, command, [...prefix, ...runner]);
    },
  };
}

/** What stands before the runner inside: files closed, limits set. */
export function insidePrefix(
  closeInherited: readonly string[],
  tools: IsolationTools,
  command: PhaseCommand,
): readonly string[] {
  return [...closeInherited, ...limitCommand(tools.limits, command.limits, true)];
}

/** None: plain processes; the table of volumes is kept, nothing enforces it. */
export function plainIsolation(
  parts: PlainParts & Pick<ProcessSandboxOptions, 'nodePath' | 'runnerFile' | 'gatewaySocket' | 'toolPath'>,
  tools: IsolationTools,
): Isolation {
  const path = parts.toolPath ?? `${SYSTEM_PATH}:${dirname(parts.nodePath)}`;
  const hasOwnUsers = parts.pidNamespace?.includes('--user') ?? false;
  const notLimited = [...tools.notLimited, ...(parts.pidNamespace === null ? ['escaped processes'] : [])];
  return {
    network: 'not fenced (isolation: none)',
    notLimited,
    layout: (phase, folders, facts) => {
      const places = {
        phase,
        pathOf: folders.volume,
        socketPath: parts.gatewaySocket,
        tokenFile: reachesGateway(phase) ? join(folders.phase(phase), 'token') : null,
        ...plainHome(phase, folders),
      };
      const toolEnv = { PATH: path, ...facts.toolEnv };
      return phaseLayout(places, { ...facts, toolEnv, fence: 'none', notLimited });
    },
    start: async (command, marker) => {
      const { phase, folders, limits } = command;
      const place = { marker, ...plainHome(phase, folders) };
      for (const folder of [place.home, place.tmp]) mkdirSync(folder, { recursive: true, mode: 0o700 });
      const runner = [parts.nodePath, parts.runnerFile, phase, join(folders.phase(phase), 'layout.json')];
      const toolEnv = { PATH: path, ...command.toolEnv };
      return startPlain(
        parts,
        { ...command, toolEnv },
        { argv: [...limitCommand(tools.limits, limits, hasOwnUsers), ...runner], place },
      );
    },
  };
}

function plainHome(phase: Phase, folders: JobFolders): { readonly home: string; readonly tmp: string } {
  const own = folders.phase(phase);
  return { home: hasOwnHome(phase) ? join(own, 'home') : folders.volume('home'), tmp: join(own, 'tmp') };
}
