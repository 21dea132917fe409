/**
 * How a sandbox adapter tells the runner where things are: `node runner.mjs PHASE LAYOUT`, where LAYOUT is the path of a
 * read-only file or, beginning with `{`, the layout itself. It holds no credential; nothing of ours travels through the
 * environment. Also the files by which verify and deliver meet.
 */
import { z } from 'zod';
import { SelfTestRequest } from './self-test.ts';

const Folder = z.string().startsWith('/');

export const RunnerLayout = z.strictObject({
  /** A unix socket (one machine), or an HTTP origin (a cluster). */
  gateway: z.union([
    z.strictObject({ socketPath: Folder }),
    z.strictObject({ origin: z.url({ protocol: /^http$/ }) }),
  ]),
  /** The phase token's file, re-read at each call; null for verify, which has none. */
  tokenFile: Folder.nullable(),
  /** The base commit's files with `.git`; written by fetch only. */
  source: Folder.nullable(),
  /** What setup and work write; for the agent this is the workspace. */
  prepared: Folder.nullable(),
  /**
   * verify's cells and their copies. The copy that runs lies at `CELL_FOLDER` in it: where the adapter can, that is the
   * very path that `prepared` had in setup and work, since environments hold absolute paths.
   */
  scratch: Folder.nullable(),
  results: Folder.nullable(),
  sealed: Folder.nullable(),
  /** HOME, on a volume, the same path in every phase where the adapter can. */
  home: Folder,
  tmp: Folder,
  /** `gateway-only`: fetch proves from the inside that nothing else answers. `none`: not fenced, and said so. */
  fence: z.enum(['gateway-only', 'none']),
  /** `host:port` addresses that must not answer before anything of the repository runs. */
  canaries: z.array(z.string()).max(20),
  /** Addresses of name servers that must not answer either, besides those that the system names. */
  nameServers: z.array(z.string()).max(10),
  /**
   * fetch brings Node and the runner for the later containers from its own image: `node` and `runner.mjs` of `from` are
   * copied to `to`, a volume of its own. Null where the adapter binds them (one machine).
   */
  install: z.strictObject({ from: Folder, to: Folder }).nullable(),
  /** HOME as setup left it, where `home` is another folder: each cell starts with a copy of it. Null: `home` is that one. */
  homeSource: Folder.nullable(),
  /** Environment that the operator passes to tools (PATH, CA files, GOFLAGS...); never a secret. */
  toolEnv: z.record(z.string(), z.string()),
  /** Limits that the adapter could not put in force, by name; said in the check run. */
  notLimited: z.array(z.string()),
  /** Instead of its part the phase tries the sandbox around it, says what it found, and ends. */
  selfTest: SelfTestRequest.optional(),
});
export type RunnerLayout = z.infer<typeof RunnerLayout>;

/** Folder inside `scratch` in which a cell's copy lies while it runs. */
export const CELL_FOLDER = 'repo';

/** File names inside `results` (written by verify, read by deliver); written to `NAME.part`, then renamed. */
export const RESULT_FILES = { base: 'base.json', next: 'new.json' } as const;

/** File names inside `sealed` (written by deliver, read by verify); `nothing` says that no change set will come. */
export const SEALED_FILES = { spec: 'verify-spec.json', set: 'sealed-set.json', nothing: 'nothing' } as const;

/**
 * Exit codes of the runner; how a phase died is read from outside, these only refine it. `disk` and `processes`: the
 * runner's own watch ended the phase, which it keeps where no adapter watches from outside (a pod). `stopped`: SIGTERM, or
 * the gateway's word, cut the phase short.
 */
export const RUNNER_EXIT = {
  done: 0,
  failed: 10,
  refused: 11,
  disk: 12,
  processes: 13,
  stopped: 14,
  usage: 64,
} as const;
