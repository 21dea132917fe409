/** References of the store, and what follows them: branches and the heads of open pull requests. */
import type { RefRow, RepoRow, Store } from './store.ts';

/** The reference with this full name, e.g. `refs/heads/main`. */
export function findRef(store: Store, repo: RepoRow, name: string): RefRow | undefined {
  return store.refs.findBy('repo_id', repo.id).find((row) => row.ref === name);
}

/** Creates or moves a reference without asking any rule; the branch and pull requests follow. */
export function setRef(store: Store, repo: RepoRow, want: { name: string; sha: string }): void {
  const row = findRef(store, repo, want.name);
  if (row) store.refs.update(row.id, { sha: want.sha });
  else
    store.refs.insert({
      repo_id: repo.id,
      ref: want.name,
      sha: want.sha,
      node_id: `REF_${repo.id}_${want.name}`,
    });
  syncBranch(store, repo, want);
  followHeads(store);
}

/** Deletes a reference; pull requests from it close. */
export function deleteRef(store: Store, repo: RepoRow, name: string): void {
  const row = findRef(store, repo, name);
  if (row) store.refs.delete(row.id);
  const branch = store.branches.findBy('repo_id', repo.id).find((it) => `refs/heads/${it.name}` === name);
  if (branch) store.branches.delete(branch.id);
  followHeads(store);
}

function syncBranch(store: Store, repo: RepoRow, want: { name: string; sha: string }): void {
  if (!want.name.startsWith('refs/heads/')) return;
  const name = want.name.slice('refs/heads/'.length);
  const branch = store.branches.findBy('repo_id', repo.id).find((row) => row.name === name);
  if (branch) store.branches.update(branch.id, { sha: want.sha });
  else store.branches.insert({ repo_id: repo.id, name, sha: want.sha, protected: false });
}

/** Open pull requests show their branch's commit, and close when the branch is gone, as on GitHub. */
export function followHeads(store: Store): void {
  for (const pull of store.pullRequests.all()) {
    if (pull.state !== 'open') continue;
    const repo = store.repos.get(pull.head_repo_id);
    const ref = repo && findRef(store, repo, `refs/heads/${pull.head_ref}`);
    if (ref?.sha === pull.head_sha) continue;
    if (ref) store.pullRequests.update(pull.id, { head_sha: ref.sha });
    else closePull(store, pull.repo_id, pull.number);
  }
}

function closePull(store: Store, repoId: number, number: number): void {
  const closed = { state: 'closed', closed_at: new Date().toISOString() };
  for (const table of [store.pullRequests, store.issues]) {
    const row = table.findBy('repo_id', repoId).find((it) => it.number === number);
    if (row) table.update(row.id, closed);
  }
}
