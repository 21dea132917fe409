/** Commits and references of the emulated GitHub: what it signs, what it refuses from whom (INC-16), and that no writer overtakes. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { baseSha, Commit, commit, REPO, Ref, Sha } from '../fixtures/clock-on-host.ts';
import { type Answer, ask, mint } from '../github-host/app-client.ts';
import { type GithubHost, startGithubHost } from '../github-host/github-host.ts';
import { PEOPLE } from '../github-host/seed.ts';

const REPOSITORY = {
  name: 'clock',
  files: [
    { path: 'README.md', content: '# clock\n' },
    { path: '.github/workflows/ci.yml', content: 'on: push\n' },
  ],
};
const WORKFLOW = { path: '.github/workflows/new.yml', mode: '100644', type: 'blob', content: 'on: push' };

let host: GithubHost;
let token: string;

beforeEach(async () => {
  host = await startGithubHost({ repositories: [REPOSITORY] });
  token = await mint(host);
});

afterEach(() => host.close());

const api = (route: string, body?: unknown): Promise<Answer> => ask(host, route, { token, body });
const UPDATE = 'mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }';

async function updateRef(update: Readonly<Record<string, unknown>>): Promise<string> {
  const { node_id: repositoryId } = z
    .looseObject({ node_id: z.string() })
    .parse((await api(`GET ${REPO}`)).data);
  const variables = { input: { repositoryId, refUpdates: [update] } };
  return JSON.stringify((await api('POST /graphql', { query: UPDATE, variables })).data);
}

describe('commits', () => {
  it('marks a commit of the App verified when it names neither author nor committer', async () => {
    const made = await commit(api);
    expect(made.verification).toMatchObject({ verified: true, reason: 'valid' });
    expect(made.author.name).toBe('glovebox[bot]');
    const read = Commit.parse((await api(`GET ${REPO}/git/commits/${made.sha}`)).data);
    expect(read.verification.verified).toBe(true);
  });

  const someone = { name: 'octocat', email: 'octocat@example.com' };
  it.each([
    ['an author', { author: someone }],
    ['a committer', { committer: someone }],
  ])('leaves a commit with %s unverified', async (_what, extra) => {
    const made = await commit(api, extra);
    expect(made.verification).toMatchObject({ verified: false, reason: 'unsigned' });
  });

  it('leaves a commit that a person pushed unverified', async () => {
    const sha = host.people.push({
      repository: 'clock',
      as: 'writer',
      branch: 'topic',
      files: [{ path: 'README.md', content: '# clock\n' }],
    });
    const read = Commit.parse((await api(`GET ${REPO}/git/commits/${sha}`)).data);
    expect(read.verification.verified).toBe(false);
  });

  it('INC-16: refuses a tree with a workflow file from an App without `workflows`', async () => {
    expect((await api(`POST ${REPO}/git/trees`, { tree: [WORKFLOW] })).status).toBe(403);
    const asPerson = { token: PEOPLE.writer.token, body: { tree: [WORKFLOW] } };
    expect((await ask(host, `POST ${REPO}/git/trees`, asPerson)).status).toBe(201);
  });

  it('INC-16: refuses a branch whose commit changes a workflow file that somebody else wrote into a tree', async () => {
    const asPerson = { token: PEOPLE.writer.token, body: { tree: [WORKFLOW] } };
    const { sha: tree } = Sha.parse((await ask(host, `POST ${REPO}/git/trees`, asPerson)).data);
    const made = await commit(api, { tree });
    const answer = await api(`POST ${REPO}/git/refs`, { ref: 'refs/heads/glovebox/1-a', sha: made.sha });
    expect(answer).toMatchObject({ status: 422 });
  });
});

describe('INC-16, counter-test: an App with `workflows: write`', () => {
  it('writes a workflow file, tree and branch', async () => {
    await host.close();
    const permissions = { metadata: 'read', contents: 'write', workflows: 'write' } as const;
    host = await startGithubHost({ repositories: [REPOSITORY], app: { permissions } });
    token = await mint(host);
    const tree = await api(`POST ${REPO}/git/trees`, { tree: [WORKFLOW] });
    expect(tree.status).toBe(201);
    const made = await commit(api, { tree: Sha.parse(tree.data).sha });
    const answer = await api(`POST ${REPO}/git/refs`, { ref: 'refs/heads/glovebox/1-a', sha: made.sha });
    expect(answer).toMatchObject({ status: 201 });
  });
});

describe('references', () => {
  const name = 'refs/heads/glovebox/1-a';

  it('creates a reference once', async () => {
    const { sha } = await commit(api);
    expect((await api(`POST ${REPO}/git/refs`, { ref: name, sha })).status).toBe(201);
    expect((await api(`POST ${REPO}/git/refs`, { ref: name, sha })).status).toBe(422);
  });

  it('moves a reference only from where the caller saw it', async () => {
    const [first, second] = [await commit(api, {}, 'one'), await commit(api, {}, 'two')];
    await api(`POST ${REPO}/git/refs`, { ref: name, sha: first.sha });
    const next = Commit.parse(
      (
        await api(`POST ${REPO}/git/commits`, {
          message: 'Next',
          tree: second.tree.sha,
          parents: [first.sha],
        })
      ).data,
    );
    expect(await updateRef({ name, beforeOid: second.sha, afterOid: next.sha })).toContain('UNPROCESSABLE');
    expect(await updateRef({ name, beforeOid: first.sha, afterOid: second.sha })).toContain(
      'not a fast-forward',
    );
    expect(await updateRef({ name, beforeOid: first.sha, afterOid: next.sha })).not.toContain('errors');
    expect(Ref.parse((await api(`GET ${REPO}/git/ref/heads/glovebox/1-a`)).data).object.sha).toBe(next.sha);
  });

  it('deletes a reference by a zero oid, and only from where the caller saw it', async () => {
    const { sha } = await commit(api);
    await api(`POST ${REPO}/git/refs`, { ref: name, sha });
    const zero = '0'.repeat(40);
    expect(await updateRef({ name, beforeOid: await baseSha(api), afterOid: zero })).toContain(
      'UNPROCESSABLE',
    );
    expect(await updateRef({ name, beforeOid: sha, afterOid: zero })).not.toContain('errors');
    expect((await api(`GET ${REPO}/git/ref/heads/glovebox/1-a`)).status).toBe(404);
  });

  it('refuses what a ruleset forbids', async () => {
    const { sha } = await commit(api);
    host.rules.forbiddenRefs.push(/^refs\/heads\/glovebox\//);
    expect((await api(`POST ${REPO}/git/refs`, { ref: name, sha })).status).toBe(422);
  });
});
