/** Reads the base commit's files through the Git Data API, for the judge and the gates. */

import { GloveboxError } from '../shared/errors.ts';
import { callGithub } from '../shared/github-error.ts';
import { at, type InstallationOctokit, type Target } from './octokit-target.ts';

/** One file of a tree. */
export interface TreeFile {
  readonly mode: string;
  readonly sha: string;
  readonly size: number;
}

/** Lists and reads one commit's files. */
export interface OctokitBaseTree {
  listPaths(): Promise<ReadonlyMap<string, TreeFile>>;
  read(path: string): Promise<Uint8Array>;
}

/** Base tree of `treeSha`; the listing is read once. Errors: GitHub's; `tree-unsupported` when GitHub cuts the listing. */
export function octokitBaseTree(
  octokit: InstallationOctokit,
  target: Target,
  treeSha: string,
): OctokitBaseTree {
  let listing: Promise<ReadonlyMap<string, TreeFile>> | null = null;
  const list = (): Promise<ReadonlyMap<string, TreeFile>> => {
    listing ??= listTree(octokit, target, treeSha);
    return listing;
  };
  return {
    listPaths: list,
    async read(path) {
      const file = (await list()).get(path);
      if (!file)
        throw new GloveboxError({ code: 'base-file-missing', message: `The base has no file '${path}'.` });
      const answer = await callGithub('read a blob', () =>
        octokit.request('GET /repos/{owner}/{repo}/git/blobs/{file_sha}', {
          ...at(target),
          file_sha: file.sha,
        }),
      );
      return Buffer.from(answer.data.content, 'base64');
    },
  };
}

async function listTree(
  octokit: InstallationOctokit,
  target: Target,
  treeSha: string,
): Promise<ReadonlyMap<string, TreeFile>> {
  const answer = await callGithub('list a tree', () =>
    octokit.request('GET /repos/{owner}/{repo}/git/trees/{tree_sha}', {
      ...at(target),
      tree_sha: treeSha,
      recursive: '1',
    }),
  );
  if (answer.data.truncated) {
    throw new GloveboxError({
      code: 'tree-unsupported',
      message: `The base tree '${treeSha}' is larger than GitHub lists in one answer (100,000 entries): it cannot be judged.`,
    });
  }
  const files = answer.data.tree.filter((entry) => entry.type !== 'tree');
  return new Map(
    files.map((entry) => [entry.path, { mode: entry.mode, sha: entry.sha, size: entry.size ?? 0 }]),
  );
}
