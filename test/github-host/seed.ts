/** What the host starts with: people, the App, and repositories made from folders or lists of files. */
import { generateKeyPairSync } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { type TreeFile, writeCommit, writeTree } from './git-objects.ts';
import { setRef } from './refs.ts';
import type { RepoRow, Store } from './store.ts';

/** A person of the host and their token; `role` is theirs in every seeded repository. */
export interface Person {
  readonly login: string;
  readonly token: string;
  readonly role: 'owner' | 'push' | 'triage' | null;
}

/** The people that every host has. */
export const PEOPLE = {
  admin: { login: 'octo-admin', token: 'ghp_hostAdminToken00000000000000000000001', role: 'owner' },
  writer: { login: 'octocat', token: 'ghp_hostWriterToken0000000000000000000002', role: 'push' },
  triage: { login: 'octo-triage', token: 'ghp_hostTriageToken0000000000000000000003', role: 'triage' },
  outsider: { login: 'octo-outsider', token: 'ghp_hostOutsiderToken00000000000000000004', role: null },
} as const satisfies Readonly<Record<string, Person>>;

/** Who acts, by what they may do. */
export type PersonName = keyof typeof PEOPLE;

/** The organisation that owns every seeded repository. */
export const ORGANISATION = 'octo-org';

/** A file to commit; the mode defaults to a plain file. A symlink's content is its target. */
export interface SeedFile {
  readonly path: string;
  readonly content: string | Uint8Array;
  readonly mode?: '100644' | '100755' | '120000';
}

/** A repository of the organisation, with one commit on its default branch. */
export interface RepositorySeed {
  readonly name: string;
  /** Its files, with their modes, except `.git`. */
  readonly folder?: string;
  /** Added to (or instead of) the folder's files. */
  readonly files?: readonly SeedFile[];
  readonly private?: boolean;
  readonly defaultBranch?: string;
  /** The first issue opened gets this number. */
  readonly firstIssueNumber?: number;
}

/** A fresh RSA key in PEM, as GitHub hands an App's owner. */
export function newAppKey(): string {
  return generateKeyPairSync('rsa', { modulusLength: 2_048 })
    .privateKey.export({ type: 'pkcs1', format: 'pem' })
    .toString();
}

/** Commits a repository's files on its default branch; a seed without files leaves it empty. */
export function seedFiles(store: Store, repo: RepoRow, seed: RepositorySeed): string | null {
  const files = [
    ...(seed.folder === undefined ? [] : readFolder(seed.folder)),
    ...(seed.files ?? []).map(toTreeFile),
  ];
  if (files.length === 0) return null;
  const owner = store.users.findOneBy('login', PEOPLE.admin.login);
  const author = { name: 'octo-admin', email: 'octo-admin@example.com', date: '2026-01-05T09:00:00Z' };
  const sha = writeCommit(store, repo, {
    message: 'Initial commit',
    treeSha: writeTree(store, repo, files),
    parents: [],
    author,
    committer: author,
    userId: owner?.id ?? 0,
  });
  setRef(store, repo, { name: `refs/heads/${repo.default_branch}`, sha });
  return sha;
}

/** A seed file as a tree holds it. */
export function toTreeFile(file: SeedFile): TreeFile {
  return { path: file.path, mode: file.mode ?? '100644', bytes: Buffer.from(file.content) };
}

/** The files of a folder with git's modes: plain, executable, symlink. */
export function readFolder(folder: string): TreeFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const full = join(entry.parentPath, entry.name);
    const path = relative(folder, full).split(sep).join('/');
    if (path === '.git' || path.startsWith('.git/') || entry.isDirectory()) return [];
    if (entry.isSymbolicLink()) return [{ path, mode: '120000', bytes: Buffer.from(readlinkSync(full)) }];
    const executable = (lstatSync(full).mode & 0o100) !== 0;
    return [{ path, mode: executable ? '100755' : '100644', bytes: readFileSync(full) }];
  });
}

/** A closed issue right below the first number that tests or the demo want. */
export function reserveIssueNumbers(store: Store, repo: RepoRow, firstNumber: number): void {
  const at = '2026-01-05T09:00:00Z';
  const owner = store.users.findOneBy('login', PEOPLE.admin.login);
  store.issues.insert({
    node_id: `I_${repo.id}_${firstNumber - 1}`,
    repo_id: repo.id,
    number: firstNumber - 1,
    title: 'Describe the release',
    body: null,
    state: 'closed',
    state_reason: 'completed',
    locked: false,
    active_lock_reason: null,
    user_id: owner?.id ?? 0,
    label_ids: [],
    assignee_ids: [],
    milestone_id: null,
    comments: 0,
    closed_at: at,
    closed_by_id: null,
    is_pull_request: false,
  });
}
