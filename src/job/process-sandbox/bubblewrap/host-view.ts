/**
 * What of this machine a bubblewrap sandbox may see besides its volumes: `/usr`, the few files of `/etc` that toolchains
 * need, the operator's toolchain folders, Node and the runner. Never all of `/etc`, never a home folder.
 */
import { lstatSync, mkdirSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { INSIDE } from '../phase-layout.ts';
import type { Reach } from './private-reach.ts';

/** One read-only bind. */
interface Bind {
  readonly from: string;
  readonly to: string;
}

/** The part of the arguments that is the same for all phases. */
export interface HostView {
  readonly readOnly: readonly Bind[];
  /** `/bin` and its like where they are links, as on every merged-/usr system. */
  readonly rootLinks: readonly { readonly path: string; readonly target: string }[];
  readonly gatewaySocket: string;
  readonly reach: Reach;
}

/** Where the view's parts lie on the host. */
export interface HostViewSources {
  /** Our own folder for the small files of `/etc` that we write ourselves. */
  readonly etcFolder: string;
  readonly nodePath: string;
  readonly runnerFile: string;
  readonly gatewaySocket: string;
  readonly toolFolders: readonly string[];
  readonly reach: Reach;
}

const ROOT_FOLDERS = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'] as const;

const ETC_FILES = [
  '/etc/alternatives',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/localtime',
  '/etc/ssl/certs',
  '/etc/ssl/openssl.cnf',
  '/etc/ca-certificates',
  '/etc/maven',
  '/etc/mime.types',
] as const;

const OWN_ETC: Readonly<Record<string, string>> = {
  passwd:
    'agent:x:1000:1000:agent:/home/agent:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n',
  group: 'agent:x:1000:\nnogroup:x:65534:\n',
  hosts: '127.0.0.1 localhost\n::1 localhost\n',
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
};

/** Looks at the machine once and writes our own small files. */
export function readHostView(sources: HostViewSources): HostView {
  mkdirSync(sources.etcFolder, { recursive: true, mode: 0o755 });
  const own = Object.entries(OWN_ETC).map(([name, text]) => {
    const from = join(sources.etcFolder, name);
    writeFileSync(from, text, { mode: 0o644 });
    return { from, to: `/etc/${name}` };
  });
  const kinds = ROOT_FOLDERS.map((path) => ({ path, kind: kindOf(path) }));
  const folders = kinds.filter(({ kind }) => kind === 'folder').map(({ path }) => path);
  const present = [...ETC_FILES, ...javaFolders()].filter((path) => kindOf(path) !== 'none');
  return {
    readOnly: [
      ...[...folders, ...present, ...sources.toolFolders].map(same),
      ...own,
      { from: sources.nodePath, to: INSIDE.node },
      { from: sources.runnerFile, to: INSIDE.runner },
    ],
    rootLinks: kinds
      .filter(({ kind }) => kind === 'link')
      .map(({ path }) => ({ path, target: readlinkSync(path) })),
    gatewaySocket: sources.gatewaySocket,
    reach: sources.reach,
  };
}

/** Debian keeps a JDK's configuration in `/etc/java-21-openjdk`, linked from `/usr`. */
function javaFolders(): readonly string[] {
  return readdirSync('/etc')
    .filter((name) => name.startsWith('java-'))
    .map((name) => join('/etc', name));
}

function same(path: string): Bind {
  return { from: path, to: path };
}

function kindOf(path: string): 'folder' | 'link' | 'none' {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 'none';
  return stat.isSymbolicLink() && ROOT_FOLDERS.some((folder) => folder === path) ? 'link' : 'folder';
}
