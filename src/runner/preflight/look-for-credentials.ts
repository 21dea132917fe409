/**
 * The preflight proper: looks at every listed place and names each that holds something like a credential which is not
 * our phase token. Runs before anything of the repository, in every phase (INC-05: nothing secret may be readable).
 */
import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { RunnerLayout } from '../../result/contract/layout.ts';
import {
  CLUSTER_NAMES,
  CREDENTIAL_NAMES,
  CREDENTIAL_VALUES,
  type CredentialFile,
  HOME_FILES,
  MACHINE_FILES,
  MACHINE_SOCKETS,
} from './credential-places.ts';
import { foreignMounts } from './mounts.ts';

/** One place that must be empty and is not, e.g. `environment variable GITHUB_TOKEN`. Never the value. */
export type Finding = string;

/** What is looked at. `root` lets tests stand in for the machine's root. */
export interface Surroundings {
  readonly layout: RunnerLayout;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly root: string;
}

/** Every finding, in the order of the lists; empty when all is well. */
export function lookForCredentials(around: Surroundings): Finding[] {
  const fenced = around.layout.fence === 'gateway-only';
  const homes = [around.layout.home, ...(fenced ? [join(around.root, 'root')] : [])];
  return [
    ...inEnvironment(around.env, ''),
    ...(fenced ? ofTheCluster(around.env) : []),
    ...inEnvironment(around.layout.toolEnv, ' of the layout'),
    ...homes.flatMap((home) =>
      HOME_FILES.flatMap((file) => inFile({ ...file, path: join(home, file.path) }, null)),
    ),
    ...(fenced ? ofTheMachine(around) : []),
  ];
}

/** Environment variables by name and by value. */
export function inEnvironment(env: Readonly<Record<string, string | undefined>>, where: string): Finding[] {
  return Object.entries(env)
    .filter(([name, value]) => value !== undefined && value !== '' && isCredential(name, value))
    .map(([name]) => `environment variable ${name}${where}`);
}

function isCredential(name: string, value: string): boolean {
  return (
    CREDENTIAL_NAMES.some((known) => known.test(name)) || CREDENTIAL_VALUES.some((known) => known.test(value))
  );
}

function ofTheCluster(env: Surroundings['env']): Finding[] {
  return Object.entries(env)
    .filter(([name, value]) => (value ?? '') !== '' && CLUSTER_NAMES.some((known) => known.test(name)))
    .map(([name]) => `environment variable ${name} (of the cluster)`);
}

function ofTheMachine({ layout, root }: Surroundings): Finding[] {
  const at = (path: string) => join(root, path);
  return [
    ...MACHINE_FILES.flatMap((file) => inFile({ ...file, path: at(file.path) }, layout.tokenFile)),
    ...MACHINE_SOCKETS.filter((path) => kindOf(at(path)) !== null).map((path) => `socket ${path}`),
    ...foreignMounts(beginningOf(at('proc/self/mountinfo'), 1_000_000) ?? '', layout).map(
      (point) => `mount ${point}`,
    ),
    ...otherEnvironments(at('proc')),
    ...inheritedDescriptors(at('proc/self/fd')),
  ];
}

function inFile(file: CredentialFile, ours: string | null): Finding[] {
  if (file.path.endsWith('/')) return inFolder(file, ours, 4);
  if (kindOf(file.path) !== 'file' || isOurs(file.path, ours)) return [];
  const text = beginningOf(file.path);
  // Not readable for us is not readable for the agent: same user, same namespace.
  if (text === null || text.trim() === '') return [];
  return file.holds === 'any' || file.holds.test(text) ? [`file ${file.path}`] : [];
}

function inFolder(file: CredentialFile, ours: string | null, depth: number): Finding[] {
  if (depth === 0) return [`folder ${file.path} (too deep to look through)`];
  return list(file.path).flatMap((name) => {
    const path = join(file.path, name);
    const inner = { path: kindOf(path) === 'folder' ? `${path}/` : path, holds: file.holds };
    return inner.path.endsWith('/') ? inFolder(inner, ours, depth - 1) : inFile(inner, ours);
  });
}

/** Projected volumes link the token through `..data/` and a folder of its date, beside it. */
function isOurs(path: string, tokenFile: string | null): boolean {
  if (tokenFile === null || basename(path) !== basename(tokenFile)) return false;
  return path.startsWith(`${dirname(tokenFile)}/`);
}

/** Another process's environment that we can read is one the agent can read. */
function otherEnvironments(proc: string): Finding[] {
  return list(proc)
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const pairs = (beginningOf(join(proc, pid, 'environ'), 200_000) ?? '')
        .split('\0')
        .map((pair) => pair.split('='));
      const env = Object.fromEntries(pairs.map(([name = '', ...value]) => [name, value.join('=')]));
      return inEnvironment(env, ` of process ${pid}`);
    });
}

/**
 * Descriptors past standard error that Node did not open itself: files and sockets, and pipes of which only one end is
 * here (Node's own have both).
 */
export function inheritedDescriptors(folder: string): Finding[] {
  const open = list(folder).map((name) => ({ fd: Number(name), target: linkTarget(join(folder, name)) }));
  const ends = (target: string) => open.filter((other) => other.target === target).length;
  return open
    .filter(({ fd, target }) => fd > 2 && isForeign(target, ends(target)))
    .map(({ fd, target }) => `inherited file descriptor ${fd} (${target.slice(0, 100)})`);
}

function isForeign(target: string, ends: number): boolean {
  if (target.startsWith('pipe:')) return ends === 1;
  if (target.startsWith('socket:')) return true;
  return target.startsWith('/') && !target.startsWith('/dev/') && !target.startsWith('/proc/');
}

function kindOf(path: string): 'file' | 'folder' | 'other' | null {
  try {
    const stat = lstatSync(path);
    if (stat.isDirectory()) return 'folder';
    return stat.isFile() || stat.isSymbolicLink() ? 'file' : 'other';
  } catch {
    return null;
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function linkTarget(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** The first bytes of a regular file, or of one of /proc (whose size is 0); null when it cannot be read. */
function beginningOf(path: string, maxBytes = 64_000): string | null {
  if (path.includes('/proc/')) {
    try {
      return readFileSync(path, 'latin1').slice(0, maxBytes);
    } catch {
      return null;
    }
  }
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const buffer = Buffer.alloc(maxBytes);
      return buffer.subarray(0, readSync(fd, buffer, 0, maxBytes, 0)).toString('latin1');
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}
