/** Git objects of the store: hashing, writing, walking. The ids are git's own, so a clone verifies them. */
import { createHash } from 'node:crypto';
import type { BlobRow, CommitRow, RepoRow, Store, TreeItem } from './store.ts';

/** One file of a commit. */
export interface TreeFile {
  readonly path: string;
  readonly mode: string;
  readonly bytes: Buffer;
}

const nodeId = (type: string, id: number): string =>
  Buffer.from(`0:${type}${id}`).toString('base64').replace(/=+$/, '');

/** The object's id: SHA-1 over git's header and the content. */
function objectSha(type: 'blob' | 'tree' | 'commit', content: Buffer): string {
  return createHash('sha1').update(`${type} ${content.byteLength}\0`).update(content).digest('hex');
}

/** A blob's bytes, whatever encoding the store chose. */
export function blobBytes(blob: BlobRow): Buffer {
  return Buffer.from(blob.content, blob.encoding === 'base64' ? 'base64' : 'utf8');
}

/** A tree as git stores it. */
export function treeContent(items: readonly TreeItem[]): Buffer {
  const key = (item: TreeItem): Buffer => Buffer.from(item.type === 'tree' ? `${item.path}/` : item.path);
  const ordered = [...items].sort((left, right) => Buffer.compare(key(left), key(right)));
  return Buffer.concat(
    ordered.flatMap((item) => [
      Buffer.from(`${item.mode.replace(/^0+/, '')} ${item.path}\0`),
      Buffer.from(item.sha, 'hex'),
    ]),
  );
}

/** Seconds and the zone that the date names, as git writes them. */
function gitDate(date: string): string {
  const [, sign, hours, minutes] = /([+-])(\d{2}):?(\d{2})$/.exec(date) ?? [];
  return `${Math.floor(Date.parse(date) / 1_000)} ${sign ? `${sign}${hours}${minutes}` : '+0000'}`;
}

/** A commit as git stores it, unsigned: the emulated signature is not part of the object. */
export function commitContent(commit: Omit<CommitRow, 'id' | 'created_at' | 'updated_at'>): Buffer {
  const lines = [
    `tree ${commit.tree_sha}`,
    ...commit.parent_shas.map((sha) => `parent ${sha}`),
    `author ${commit.author_name} <${commit.author_email}> ${gitDate(commit.author_date)}`,
    `committer ${commit.committer_name} <${commit.committer_email}> ${gitDate(commit.committer_date)}`,
  ];
  const message = commit.message.endsWith('\n') ? commit.message : `${commit.message}\n`;
  return Buffer.from(`${lines.join('\n')}\n\n${message}`);
}

/** Writes a blob unless it is there. */
function writeBlob(store: Store, repo: RepoRow, bytes: Buffer): string {
  const sha = objectSha('blob', bytes);
  if (store.blobs.findBy('sha', sha).some((row) => row.repo_id === repo.id)) return sha;
  store.blobs.insert({
    repo_id: repo.id,
    sha,
    node_id: nodeId('Blob', 0),
    content: bytes.toString('base64'),
    encoding: 'base64',
    size: bytes.byteLength,
  });
  return sha;
}

interface Folder {
  readonly files: Map<string, { mode: string; sha: string; size: number }>;
  readonly folders: Map<string, Folder>;
}

/** Writes all trees of these files; answers the root's id. */
export function writeTree(store: Store, repo: RepoRow, files: readonly TreeFile[]): string {
  const root: Folder = { files: new Map(), folders: new Map() };
  for (const file of files) {
    const parts = file.path.split('/');
    const name = parts.pop() ?? file.path;
    let folder = root;
    for (const part of parts) {
      const next = folder.folders.get(part) ?? { files: new Map(), folders: new Map() };
      folder.folders.set(part, next);
      folder = next;
    }
    folder.files.set(name, {
      mode: file.mode,
      sha: writeBlob(store, repo, file.bytes),
      size: file.bytes.byteLength,
    });
  }
  return writeFolder(store, repo, root);
}

function writeFolder(store: Store, repo: RepoRow, folder: Folder): string {
  const items: TreeItem[] = [
    ...[...folder.folders].map(([path, child]) => ({
      path,
      mode: '040000',
      type: 'tree',
      sha: writeFolder(store, repo, child),
    })),
    ...[...folder.files].map(([path, file]) => ({ path, type: 'blob', ...file })),
  ];
  const sha = objectSha('tree', treeContent(items));
  const known = store.trees.findBy('sha', sha).some((row) => row.repo_id === repo.id);
  if (!known) store.trees.insert({ repo_id: repo.id, sha, node_id: '', tree: items, truncated: false });
  return sha;
}

/** Who made a commit, and when. */
export interface Identity {
  readonly name: string;
  readonly email: string;
  readonly date: string;
}

/** Writes a commit; answers its id. */
export function writeCommit(
  store: Store,
  repo: RepoRow,
  commit: {
    readonly message: string;
    readonly treeSha: string;
    readonly parents: readonly string[];
    readonly author: Identity;
    readonly committer: Identity;
    readonly userId: number;
  },
): string {
  const row = {
    repo_id: repo.id,
    sha: '',
    node_id: '',
    message: commit.message,
    tree_sha: commit.treeSha,
    parent_shas: [...commit.parents],
    author_name: commit.author.name,
    author_email: commit.author.email,
    author_date: commit.author.date,
    committer_name: commit.committer.name,
    committer_email: commit.committer.email,
    committer_date: commit.committer.date,
    user_id: commit.userId,
  };
  const sha = objectSha('commit', commitContent(row));
  if (!findCommit(store, repo, sha)) store.commits.insert({ ...row, sha, node_id: `C_${sha.slice(0, 12)}` });
  return sha;
}

/** The commit with this id, in this repository. */
export function findCommit(store: Store, repo: RepoRow, sha: string): CommitRow | undefined {
  return store.commits.findBy('sha', sha).find((row) => row.repo_id === repo.id);
}

/** All files of a tree, by full path. */
export function listTree(
  store: Store,
  repo: RepoRow,
  treeSha: string,
): Map<string, { mode: string; sha: string }> {
  const files = new Map<string, { mode: string; sha: string }>();
  const walk = (sha: string, prefix: string): void => {
    const tree = store.trees.findBy('sha', sha).find((row) => row.repo_id === repo.id);
    for (const item of tree?.tree ?? []) {
      if (item.type === 'tree') walk(item.sha, `${prefix}${item.path}/`);
      else files.set(`${prefix}${item.path}`, { mode: item.mode, sha: item.sha });
    }
  };
  walk(treeSha, '');
  return files;
}

/** True when `ancestor` is reached from `descendant` (a commit is its own ancestor). */
export function isAncestor(
  store: Store,
  repo: RepoRow,
  pair: { ancestor: string; descendant: string },
): boolean {
  const seen = new Set<string>();
  const open = [pair.descendant];
  for (let sha = open.pop(); sha !== undefined; sha = open.pop()) {
    if (sha === pair.ancestor) return true;
    if (seen.has(sha)) continue;
    seen.add(sha);
    open.push(...(findCommit(store, repo, sha)?.parent_shas ?? []));
  }
  return false;
}
