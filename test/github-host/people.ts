/** What people do on the host: open and label issues, comment, push. Each goes through the API with that person's token. */
import { z } from 'zod';
import { blobBytes, findCommit, listTree, type TreeFile, writeCommit, writeTree } from './git-objects.ts';
import { findRepo, type HostState } from './host-state.ts';
import { findRef, setRef } from './refs.ts';
import { ORGANISATION, PEOPLE, type PersonName, type SeedFile, toTreeFile } from './seed.ts';
import type { RepoRow, Store } from './store.ts';

/** Actions of people; `repository` is the name within the organisation. Errors: `Error` with GitHub's answer. */
export interface People {
  /**
   * Opens an issue; labels given by who lacks triage are dropped, unless `byTemplate` (an issue template sets them for
   * anyone). GitHub sends `opened` with the labels, then `labeled` for each. Answers the number.
   */
  openIssue(issue: {
    readonly repository: string;
    readonly as: PersonName;
    readonly title: string;
    readonly body: string;
    readonly labels?: readonly string[];
    readonly byTemplate?: boolean;
  }): Promise<number>;
  label(on: IssueAct, label: string): Promise<void>;
  unlabel(on: IssueAct, label: string): Promise<void>;
  comment(on: IssueAct, body: string): Promise<number>;
  editIssue(
    on: IssueAct,
    change: { readonly title?: string; readonly body?: string; readonly state?: 'open' | 'closed' },
  ): Promise<void>;
  lock(on: IssueAct): Promise<void>;
  /** Commits files on a branch (made from the default branch where missing); answers the commit's SHA. */
  push(push: {
    readonly repository: string;
    readonly as: PersonName;
    readonly branch: string;
    readonly files: readonly SeedFile[];
  }): string;
}

/** Who acts on which issue. */
export interface IssueAct {
  readonly repository: string;
  readonly number: number;
  readonly as: PersonName;
}

const Numbered = z.object({ number: z.int() });
const Identified = z.object({ id: z.int() });

/** The people of a host. */
export function people(state: HostState): People {
  const ask = async (
    as: PersonName,
    route: string,
    body?: unknown,
    origin = state.origin,
  ): Promise<unknown> => {
    const [method = 'GET', path = '/'] = route.split(' ');
    const answer = await fetch(`${origin}${path}`, {
      method,
      headers: { authorization: `Bearer ${PEOPLE[as].token}`, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${route} as ${as}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : answer.json();
  };
  const issuePath = ({ repository, number }: IssueAct): string =>
    `/repos/${ORGANISATION}/${repository}/issues/${number}`;
  return {
    async openIssue(issue) {
      const { repository, as, title, body, labels = [] } = issue;
      const origin = issue.byTemplate === true ? state.emulator.origin : state.origin;
      const route = `POST /repos/${ORGANISATION}/${repository}/issues`;
      return Numbered.parse(await ask(as, route, { title, body, labels }, origin)).number;
    },
    async label(on, label) {
      await ask(on.as, `POST ${issuePath(on)}/labels`, { labels: [label] });
    },
    async unlabel(on, label) {
      await ask(on.as, `DELETE ${issuePath(on)}/labels/${encodeURIComponent(label)}`);
    },
    async comment(on, body) {
      return Identified.parse(await ask(on.as, `POST ${issuePath(on)}/comments`, { body })).id;
    },
    async editIssue(on, change) {
      await ask(on.as, `PATCH ${issuePath(on)}`, change);
    },
    async lock(on) {
      await ask(on.as, `PUT ${issuePath(on)}/lock`, {});
    },
    push: (push) => pushFiles(state, push),
  };
}

function pushFiles(state: HostState, push: Parameters<People['push']>[0]): string {
  const { store } = state;
  const repo = findRepo(state, ORGANISATION, push.repository);
  if (!repo) throw new Error(`No repository '${push.repository}'`);
  const name = `refs/heads/${push.branch}`;
  const from = findRef(store, repo, name) ?? findRef(store, repo, `refs/heads/${repo.default_branch}`);
  const parent = from && findCommit(store, repo, from.sha);
  const files = readFiles(store, repo, parent?.tree_sha);
  for (const file of push.files) files.set(file.path, toTreeFile(file));
  const person = PEOPLE[push.as].login;
  const author = { name: person, email: `${person}@example.com`, date: new Date(state.now()).toISOString() };
  const sha = writeCommit(store, repo, {
    message: `Change ${push.files.map((file) => file.path).join(', ')}`,
    treeSha: writeTree(store, repo, [...files.values()]),
    parents: parent ? [parent.sha] : [],
    author,
    committer: author,
    userId: store.users.findOneBy('login', person)?.id ?? 0,
  });
  setRef(store, repo, { name, sha });
  return sha;
}

function readFiles(store: Store, repo: RepoRow, treeSha: string | undefined): Map<string, TreeFile> {
  const files = new Map<string, TreeFile>();
  if (treeSha === undefined) return files;
  for (const [path, file] of listTree(store, repo, treeSha)) {
    const blob = store.blobs.findBy('sha', file.sha).find((row) => row.repo_id === repo.id);
    if (blob) files.set(path, { path, mode: file.mode, bytes: blobBytes(blob) });
  }
  return files;
}
