/** What the one-machine sandbox is built from, and what its starters, watchers and jobs hand each other. */
import type { Readable } from 'node:stream';
import type { Phase, SandboxLimits } from '../../result/contract/phase-spec.ts';
import type { Clock } from '../../shared/clock.ts';
import type { RandomBytes } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';

/** Everything `createProcessSandbox` needs; relative paths count from the working directory. */
export interface ProcessSandboxOptions {
  /** State: one folder per life of our process, in it one per job. Made when missing. */
  readonly folder: string;
  /** A Node 24 binary, given to the sandbox read-only. */
  readonly nodePath: string;
  /** The runner, one bundled file. */
  readonly runnerFile: string;
  /**
   * The gateway's unix socket. Its folder, which should hold nothing else, is bound, so that a gateway that restarts is
   * found again. Where we are root the sandbox has another uid: the socket must be writable for it (mode 0666), the
   * phase's token is what opens the gateway.
   */
  readonly gatewaySocket: string;
  /** Null: this machine has no bubblewrap; jobs that ask for it are refused. */
  readonly bwrapPath: string | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: RandomBytes;
  /** `host:port` addresses that fetch must find unreachable; none unless the operator names some. */
  readonly canaries?: readonly string[];
  /** Folders of toolchains outside `/usr`, bound read-only at their own path. */
  readonly toolFolders?: readonly string[];
  /**
   * PATH of whoever started us, for `isolation: none` only: its tools are theirs (Node and npm under a home folder, git of
   * a package manager). A template's own `toolEnv.PATH` goes first.
   */
  readonly toolPath?: string;
  /** Where we are root, sandboxes get the uids from here on (default 20,000), two per running job. */
  readonly firstUid?: number;
}

/** Who a phase runs as on the host; null where we are not root: as ourselves. */
export type HostUser = { readonly uid: number; readonly gid: number } | null;

/** One process on this machine; the start time tells it from a later one with the same number. */
export interface ProcessRef {
  readonly pid: number;
  /** Clock ticks since boot, field 22 of `/proc/PID/stat`; null where there is no `/proc`. */
  readonly startTime: number | null;
}

/** How a tree of processes ended, as its starter saw it. */
export interface TreeEnd {
  /** False: the command itself never ran. */
  readonly started: boolean;
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** A running tree of processes: the runner and everything that it started. */
export interface Tree {
  /** The process under which, by parenthood, the whole tree hangs. */
  readonly root: ProcessRef;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** SIGTERM to the runner alone; false while it is not there yet. */
  terminate(): boolean;
  /** SIGKILL to everything. */
  kill(): void;
  /** Resolves when nothing of the tree runs any more, never before. */
  readonly ended: Promise<TreeEnd>;
}

/** What a starter needs for one phase. */
export interface PhaseCommand {
  readonly phase: Phase;
  readonly limits: SandboxLimits;
  readonly user: HostUser;
  readonly folders: JobFolders;
  readonly toolEnv: Readonly<Record<string, string>>;
  /** Called with the tree's first process before anything of the command runs, to put it under limits. */
  readonly admit: (root: ProcessRef) => void;
}

/** Volumes of a job; which phase sees which, and how, is `ACCESS` in `phase-layout.ts`. */
export const VOLUMES = ['source', 'prepared', 'scratch', 'results', 'sealed', 'home'] as const;
export type Volume = (typeof VOLUMES)[number];

/** Where a job's things lie on the host. */
export interface JobFolders {
  readonly job: string;
  volume(name: Volume): string;
  /** Holds `layout.json` and, where the phase has one, `token`. */
  phase(phase: Phase): string;
  log(phase: Phase): string;
}
