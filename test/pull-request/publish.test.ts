import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Lease } from '../../src/controller/ports.ts';
import { publish } from '../../src/pull-request/publish.ts';
import type { ChangeSet } from '../../src/result/contract/change-set.ts';
import { redact } from '../../src/result/scan-text.ts';
import { GloveboxError } from '../../src/shared/errors.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { buildPublishFacts } from '../builders/publish-facts.ts';
import { buildTask } from '../builders/task-record.ts';
import { BASE_SHA, insertTask } from '../builders/task-row.ts';
import { buildVerdict } from '../builders/verdict.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { FakeCrash, FakePublishGithub } from '../fakes/fake-publish-github.ts';
import { openTestStore } from '../fixtures/test-store.ts';

const changeSet: ChangeSet = {
  baseSha: BASE_SHA,
  entries: [
    {
      op: 'put',
      path: 'bin/run',
      mode: '100755',
      contentBase64: Buffer.from('#!/bin/sh\n').toString('base64'),
    },
    {
      op: 'put',
      path: 'logo.png',
      mode: '100644',
      contentBase64: Buffer.from([0xff, 0xd8, 0]).toString('base64'),
    },
    { op: 'delete', path: 'old.txt' },
    { op: 'put', path: 'link', mode: '120000', contentBase64: Buffer.from('bin/run').toString('base64') },
  ],
  ignoredFiles: 0,
  setupAltered: [],
};

/** Shaped like a GitHub token; nobody's. */
const SECRET = `ghp_${'Ab3dE9'.repeat(6)}`;

describe('publish', () => {
  let store: OpenStore;
  let github: FakePublishGithub;
  let clock: FakeClock;
  let lease: Lease;
  let taskId: string;

  beforeAll(async () => {
    store = await openTestStore('pglite');
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    github = new FakePublishGithub();
    clock = new FakeClock(Date.now());
    await store.db
      .updateTable('task')
      .set({ state: 'ended', outcome: 'errored', ended_at: new Date() })
      .execute();
    taskId = await insertTask(store.db);
    lease = { taskId, epoch: 1, check: async () => 30_000 };
  });

  const run = (facts = buildPublishFacts({ task: buildTask({ id: taskId }) })) =>
    publish({ db: store.db, clock, github, markerKey: Buffer.alloc(32, 7), redact: (text) => text }, lease, {
      ...facts,
      changeSet,
    });

  it('makes commit, branch, check run, pull request and labels, in this order', async () => {
    expect(await run()).toMatchObject({
      outcome: 'verified',
      pullNumber: 43,
      branch: `glovebox/42-${taskId}`,
    });
    expect(github.calls.filter((name) => /^(create|set)/.test(name))).toEqual([
      'createBlob',
      'createTree',
      'createCommit',
      'createBranch',
      'createCheckRun',
      'createPull',
      'setLabels',
    ]);
    expect(github.labels.get(43)).toEqual({ labels: ['agent'], assignees: ['octocat'] });
  });

  it('keeps exec bits, symlinks, deletions and bytes that are not text', async () => {
    await run();
    expect(github.trees[0]).toEqual([
      { path: 'bin/run', mode: '100755', content: '#!/bin/sh\n' },
      { path: 'logo.png', mode: '100644', sha: 'blob-3' },
      { path: 'old.txt', delete: true },
      { path: 'link', mode: '120000', content: 'bin/run' },
    ]);
  });

  it('does nothing more when called again', async () => {
    await run();
    await run();
    expect([github.commits.size, github.checkRuns.length, github.pulls.length]).toEqual([1, 1, 1]);
  });

  const PLACES = ['before', 'after'] as const;

  /** Publishes and dies at that call; `between` the end of the process and the next one, which publishes again. */
  async function crashAt(
    at: number,
    when: (typeof PLACES)[number],
    between: () => Promise<unknown>,
  ): Promise<void> {
    github = new FakePublishGithub();
    await store.db.deleteFrom('intent').execute();
    github.crash = { at, when };
    await run().catch((error: unknown) => {
      if (!(error instanceof FakeCrash)) throw error;
    });
    github.crash = null;
    clock.advance(11_000);
    await between();
    expect((await run()).pullNumber).toBeGreaterThanOrEqual(43);
  }

  it.each(PLACES)('leaves one pull request and one check run after a crash %s any call', async (when) => {
    for (let at = 1; at <= 14; at++) {
      await crashAt(at, when, async () => {});
      const made = [github.checkRuns.length, github.pulls.length, github.branches.size];
      expect([at, ...made]).toEqual([at, 1, 1, 1]);
    }
  });

  it('counter-test: without its intent row the same crash leaves two check runs', async () => {
    const forget = () => store.db.deleteFrom('intent').where('surface', '=', 'check-run').execute();
    const doubledAt: string[] = [];
    for (let at = 1; at <= 14; at++) {
      await crashAt(at, 'after', forget);
      if (github.checkRuns.length > 1) doubledAt.push(github.calls[at - 1] ?? '');
    }
    expect(doubledAt[0]).toBe('createCheckRun');
  });

  /** Pull requests that somebody can see without a verdict on their commit. */
  const unjudged = (): string[] =>
    github.pulls
      .filter(({ head }) => !github.checkRuns.some((made) => made.headSha === github.branches.get(head)))
      .map(({ head }) => head);

  it.each(PLACES)('shows no pull request without its verdict, should it die %s any call', async (when) => {
    for (let at = 1; at <= 14; at++) {
      await crashAt(at, when, async () => expect(unjudged()).toEqual([]));
    }
  });

  it('counter-test: whoever reports after the pull request shows one without a verdict when it dies between', async () => {
    const { sha } = await github.createCommit({ message: 'm', treeSha: 't', parentSha: BASE_SHA });
    await github.createBranch('bot/1', sha);
    github.crash = { at: github.calls.length + 1, when: 'after' };
    const pull = { title: 'Done', body: 'b', head: 'bot/1', base: 'main', draft: false };
    await expect(github.createPull(pull)).rejects.toThrow(FakeCrash);
    expect(unjudged()).toEqual(['bot/1']);
  });

  it("waits for GitHub's listing before it believes that nothing was made", async () => {
    github.crash = { at: 7, when: 'before' };
    const name = github.calls;
    await expect(run()).rejects.toThrow(FakeCrash);
    expect(name.at(-1)).toBe('createCheckRun');
    await expect(run()).rejects.toMatchObject({ code: 'recovery-too-early', retry: true });
  });

  it('never overwrites a branch that somebody else moved', async () => {
    github.branches.set(`glovebox/42-${taskId}`, 'f'.repeat(40));
    expect(await run()).toMatchObject({
      outcome: 'needs-human',
      reason: { code: 'branch-moved' },
      pullNumber: null,
    });
    expect(github.branches.get(`glovebox/42-${taskId}`)).toBe('f'.repeat(40));
    expect(github.pulls).toEqual([]);
  });

  it('ends as push-refused where a ruleset forbids the branch', async () => {
    github.pushRefused = new GloveboxError({
      code: 'push-refused',
      message: 'no',
      values: { message: 'rule release' },
    });
    expect(await run()).toMatchObject({ outcome: 'needs-human', reason: { code: 'push-refused' } });
  });

  it('fails the check run and leaves a draft when GitHub does not verify the commit', async () => {
    github.verified = false;
    expect(await run()).toMatchObject({ outcome: 'errored', reason: { code: 'commit-unverified' } });
    expect(github.checkRuns[0]?.conclusion).toBe('failure');
    expect(github.pulls[0]).toMatchObject({ draft: true, title: expect.stringMatching(/^Attempt at #42/) });
    expect(github.pulls[0]?.body).toContain('**Errored**: GitHub marks');
    expect(github.pulls[0]?.body).not.toMatch(/Verified|Closes/);
  });

  it('opens a pull request titled Not verified where drafts are refused', async () => {
    github.draftsRefused = true;
    const facts = buildPublishFacts({
      task: buildTask({ id: taskId }),
      verdict: buildVerdict({ conclusion: 'failure', brokenCount: 1 }),
    });
    await run(facts);
    expect(github.pulls[0]).toMatchObject({
      draft: false,
      title: expect.stringMatching(/^Not verified: #42/),
    });
  });

  it('INC-02: posts no secret that the agent wrote into its narrative', async () => {
    const facts = buildPublishFacts({ task: buildTask({ id: taskId }), narrative: `the key is ${SECRET}` });
    const deps = {
      db: store.db,
      clock,
      github,
      markerKey: Buffer.alloc(32, 7),
      redact: (text: string) => redact(text),
    };
    await publish(deps, lease, { ...facts, changeSet });
    expect(JSON.stringify([...github.commits.values(), github.checkRuns, github.pulls])).not.toContain(
      SECRET,
    );
    expect(github.pulls[0]?.body).toContain('(removed: ');
  });

  it('INC-02 counter-test: without redaction the same narrative is posted', async () => {
    await run(buildPublishFacts({ task: buildTask({ id: taskId }), narrative: `the key is ${SECRET}` }));
    expect(github.pulls[0]?.body).toContain(SECRET);
  });
});
