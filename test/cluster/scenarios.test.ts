/**
 * The demo's four scenarios at once on the real cluster: real Jobs behind real policies, two bots and two gateways on one
 * database, so that whatever two replicas do twice shows on the host.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { HostView } from '../../demo/host-view.ts';
import { SCENARIOS } from '../../demo/scenarios/all.ts';
import { verifyChain } from '../../src/audit/verify-chain.ts';
import { systemClock } from '../../src/shared/clock.ts';
import type { Task } from '../../src/task/task.ts';
import { clusterHere } from '../fixtures/cluster.ts';
import { type ClusterScenarios, startClusterScenarios } from '../fixtures/cluster-line.ts';
import { demoIssue } from '../fixtures/scenario-line.ts';

const NAMES = ['fix', 'broken', 'injected', 'lying'] as const;
type Name = (typeof NAMES)[number];
/** Starting the world builds images where sources changed; the scenarios then share two processors. */
const WORLD_MS = 900_000;
const SCENARIOS_MS = 600_000;
const PODS_GONE_MS = 60_000;

/** What the record holds of a job that did not end by itself, such as one that made room for another pod. */
const Taken = z.looseObject({ trouble: z.looseObject({ kind: z.string() }) });

/** Told apart by the model's side in the issue's text, as nothing else of theirs differs. */
const mark = (name: Name): string => `Seen by the team of ${name}.`;

describe.runIf(clusterHere)('the four scenarios on a cluster, with two bots and two gateways', () => {
  let world: ClusterScenarios;
  let view: HostView;
  const tasks = new Map<Name, Task>();

  beforeAll(async () => {
    world = await startClusterScenarios({
      scenarios: Object.fromEntries(NAMES.map((name) => [mark(name), name])),
      adminLines: 'concurrency: { installation: 4, repository: 4 }\n',
    });
  }, WORLD_MS);
  beforeAll(async () => {
    const issues = new Map<Name, number>();
    for (const name of NAMES) {
      const { title, body } = await demoIssue(name);
      const issue = { repository: 'clock', title, body: `${body}\n\n${mark(name)}` };
      issues.set(name, await world.line.hand(issue));
    }
    for (const [name, issue] of issues) tasks.set(name, await world.ended(issue, SCENARIOS_MS));
    view = await world.line.view();
  }, SCENARIOS_MS);
  afterAll(() => world?.close(), WORLD_MS);

  const taskOf = (name: Name): Task => {
    const task = tasks.get(name);
    if (!task) throw new Error(`${name} has no task`);
    return task;
  };
  const runsOf = (name: Name) => view.checkRuns.filter((run) => run.headSha === taskOf(name).commitSha);
  const pullsOf = (name: Name) => view.pulls.filter((pull) => pull.headRef.endsWith(`-${taskOf(name).id}`));

  it.each(NAMES)('%s ends as on one machine', (name) => {
    const { outcome, conclusion } = SCENARIOS[name]?.expect ?? {};
    const { reason } = taskOf(name);
    expect({ outcome: taskOf(name).outcome, reason }).toMatchObject({ outcome });
    expect(runsOf(name).map((run) => run.conclusion)).toEqual(conclusion === null ? [] : [conclusion]);
  });

  it.each(['fix', 'broken', 'lying'] as const)('%s has one pull request with one signed commit', (name) => {
    const task = taskOf(name);
    const [pull, ...more] = pullsOf(name);
    expect(more).toEqual([]);
    expect(pull).toMatchObject({
      number: task.pullNumber,
      headSha: task.commitSha,
      draft: name !== 'fix',
      state: 'open',
      labels: ['agent'],
    });
    const commit = view.commits.find(({ sha }) => sha === task.commitSha);
    expect(commit).toMatchObject({ verified: true, parents: [task.pin?.baseSha] });
    expect(view.branches.filter(({ ref }) => ref.endsWith(task.id)).map(({ sha }) => sha)).toEqual([
      task.commitSha,
    ]);
  });

  it('injected is blocked by the protected paths: neither branch nor pull request nor check run', () => {
    const task = taskOf('injected');
    expect(task.reason?.code).toBe('protected-path');
    expect([pullsOf('injected'), runsOf('injected')]).toEqual([[], []]);
    expect(view.branches.filter(({ ref }) => ref.endsWith(task.id))).toEqual([]);
  });

  it('a check run says what was measured, and that the sandbox reached nothing but the gateway', () => {
    const [run] = runsOf('fix');
    expect(run).toMatchObject({ name: 'Glovebox', status: 'completed' });
    expect(run?.title).toMatch(/^149 tests pass \(148 before\), proof holds, \$0\.0\d$/);
    expect(run?.text).toMatch(/^## Network\nwork, verify: nothing but our gateway\./m);
    expect(run?.text).toContain('isolation pod');
    expect(runsOf('broken')[0]?.text).toContain('keeps 90 minutes');
    expect(runsOf('lying')[0]?.title).toMatch(/[1-9]\d* (of 148 )?tests? /);
  });

  it('each issue has one status comment, and the one without a pull request a sentence more', () => {
    const comments = NAMES.map(
      (name) =>
        view.comments.filter(({ byApp, issue }) => byApp && issue === taskOf(name).issueNumber).length,
    );
    expect(Object.fromEntries(NAMES.map((name, index) => [name, comments[index]]))).toEqual({
      fix: 1,
      broken: 1,
      injected: 2,
      lying: 1,
    });
  });

  it('nothing is done twice: content is created as often as by one bot on one machine', () => {
    expect(view.calls.content).toBe(5 + 5 + 3 + 5);
    expect(view.pulls).toHaveLength(3);
    expect(view.checkRuns).toHaveLength(3);
    expect(view.violations).toEqual([]);
  });

  it('every dollar of every task is settled, and every audit chain is intact', async () => {
    const { db } = world.line;
    const open = await db.selectFrom('ledger_row').select('id').where('state', '=', 'reserved').execute();
    expect(open).toEqual([]);
    for (const name of NAMES) {
      const chain = await verifyChain(db, taskOf(name).id);
      expect(chain).toMatchObject({ intact: true, brokenAt: null });
    }
  });

  it('a job is followed by another one of its kind and round only where the platform took it', async () => {
    const jobs = await world.line.db
      .selectFrom('job')
      .select(['task_id', 'kind', 'round', 'observation'])
      .orderBy('created_at')
      .execute();
    const places = jobs.map((job) => `${job.task_id} ${job.kind} ${job.round}`);
    const followed = jobs.filter((_job, index) => places.indexOf(places[index] ?? '', index + 1) > index);
    expect(followed.filter(({ observation }) => Taken.safeParse(observation).error)).toEqual([]);
    expect(new Set(jobs.map((job) => job.task_id)).size).toBe(NAMES.length);
  });

  it(
    'leaves no pod of any sandbox',
    async () => {
      const end = systemClock.now() + PODS_GONE_MS;
      while ((await world.sandboxPods()).length > 0 && systemClock.now() < end) await systemClock.sleep(500);
      expect(await world.sandboxPods()).toEqual([]);
    },
    PODS_GONE_MS + 10_000,
  );
});
