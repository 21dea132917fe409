import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { SCENARIOS } from '../../demo/scenarios/all.ts';
import { taskShowCommand } from '../../src/cmd/task-show.ts';
import type { Task } from '../../src/task/task.ts';
import { type HostView, viewHost } from '../fixtures/host-view.ts';
import { demoIssue, type ScenarioLine, startScenarioLine } from '../fixtures/scenario-line.ts';

const fix = SCENARIOS['fix'];
const CommitRequest = z.looseObject({ message: z.string(), tree: z.string(), parents: z.array(z.string()) });
const Annotated = z.looseObject({ name: z.string(), status: z.string(), conclusion: z.string() });

describe('the whole line, scenario fix', () => {
  let scenario: ScenarioLine;
  let task: Task;
  let view: HostView;
  beforeAll(async () => {
    const issue = await demoIssue('fix');
    scenario = await startScenarioLine({ scripts: { [issue.title]: fix?.answers ?? [] } });
    const on = await scenario.hand(issue);
    task = await scenario.ended(on);
    view = viewHost(scenario.line.host, on);
  }, 180_000);
  afterAll(() => scenario.close());

  const bodiesOf = (path: RegExp): unknown[] =>
    scenario.line.host.requests.flatMap((request) =>
      request.method === 'POST' && path.test(request.path) ? [request.body] : [],
    );

  it('ends as the scenario says, with issue and pull request numbered one after the other', () => {
    expect(task).toMatchObject({
      outcome: fix?.expect.outcome,
      reason: null,
      issueNumber: 42,
      pullNumber: 43,
    });
    expect(view.checkRuns(task.commitSha).map((run) => run.conclusion)).toEqual([fix?.expect.conclusion]);
  });

  it('makes one commit on the base without author or committer, which GitHub marks as verified', () => {
    const requests = bodiesOf(/\/git\/commits$/).map((body) => CommitRequest.parse(body));
    expect(requests).toHaveLength(1);
    expect(Object.keys(requests[0] ?? {}).sort()).toEqual(['message', 'parents', 'tree']);
    expect(view.commit(task.commitSha).parent_shas).toEqual([task.pin?.baseSha]);
    expect(scenario.line.host.state.verified.has(task.commitSha ?? '')).toBe(true);
    expect(view.commit(task.commitSha).author_name).toBe('glovebox[bot]');
  });

  it('changes the two files and nothing else, executable bits included', () => {
    const base = view.files(task.pin?.baseSha ?? null);
    const head = view.files(task.commitSha);
    const changed = [...head]
      .filter(([path, { text }]) => base.get(path)?.text !== text)
      .map(([path]) => path);
    expect(changed.sort()).toEqual(['src/parse-duration.js', 'test/parse-duration.test.js']);
    expect(Object.fromEntries([...head].map(([path, { mode }]) => [path, mode]))).toEqual(
      Object.fromEntries([...base].map(([path, { mode }]) => [path, mode])),
    );
    expect([head.get('bin/clock')?.mode, head.get('CLAUDE.md')?.mode]).toEqual(['100755', '120000']);
  });

  it('keeps the diff of the commit, which the command line shows as git would', async () => {
    let printed = '';
    const io = { out: (text: string) => (printed += text), error: () => {} };
    await taskShowCommand({ db: scenario.line.db, io }, { task: task.id, diff: true });
    const head = view.files(task.commitSha);
    for (const path of ['src/parse-duration.js', 'test/parse-duration.test.js']) {
      const [diff = ''] = printed.split(`diff --git a/${path} b/${path}\n`).slice(1);
      expect(diff).toMatch(
        new RegExp(`^--- a/${path}\n\\+\\+\\+ b/${path}\n@@ -\\d+,\\d+ \\+\\d+,\\d+ @@\n`),
      );
      const added = diff.split('diff --git')[0]?.match(/^\+(?!\+\+ ).*$/gm) ?? [];
      expect(added.length).toBeGreaterThan(0);
      for (const line of added) expect(head.get(path)?.text).toContain(line.slice(1));
    }
  });

  it('says in the commit what was measured and which record it came from, and keeps the CI waiting', () => {
    const { message } = view.commit(task.commitSha);
    const lines = message.split('\n');
    expect(lines[0]).toBe('Resolve #42: parseDuration drops the minutes of 1h30m');
    expect(message).toMatch(/\n\n\nskip-checks: true\n$/);
    expect(lines).toContain(`Glovebox-Task: ${task.id}`);
    expect(lines).toContain(`Glovebox-Snapshot: ${task.snapshotDigest}`);
  });

  it('opens a pull request that is ready, labelled, assigned to who asked, and closes the issue', () => {
    const pull = view.pull(task.pullNumber);
    expect(pull).toMatchObject({ draft: false, state: 'open', base_ref: 'main', head_sha: task.commitSha });
    expect(pull.head_ref).toBe(`glovebox/42-${task.id}`);
    expect([view.labels(pull), view.assignees(pull)]).toEqual([['agent'], ['octocat']]);
    expect(pull.body).toMatch(/^Closes #42$/m);
    expect(pull.body?.split('\n').at(-1)).toMatch(
      new RegExp(`^<!-- glovebox:v1 task=${task.id} surface=pull mac=[0-9a-f]{16} -->$`),
    );
  });

  it('shows 148 and 149 in a check run with six sections', () => {
    const [run] = view.checkRuns(task.commitSha);
    expect(Annotated.parse(run)).toMatchObject({
      name: 'Glovebox',
      status: 'completed',
      conclusion: 'success',
    });
    expect(run?.output.title).toMatch(/^149 tests pass \(148 before\), proof holds, \$0\.0\d$/);
    const text = run?.output.text ?? '';
    expect([...text.matchAll(/^## (\w+)/gm)].map((match) => match[1])).toEqual([
      'Tests',
      'Proof',
      'Policy',
      'Network',
      'Cost',
      'Provenance',
    ]);
    expect(text).toContain('148');
    expect(text).toContain('149');
    expect(text).toContain('GitHub: verified');
  });

  it('writes one status comment, whose last line is the marker', () => {
    const [status, ...more] = view.comments(42);
    expect(more).toEqual([]);
    expect(status).toMatch(/^\*\*Verified\*\*: pull request #43 is ready for review\. 149 of 149 tests pass/);
    expect(status?.split('\n').at(-1)).toMatch(
      new RegExp(`^<!-- glovebox:v1 task=${task.id} surface=status mac=[0-9a-f]{16} -->$`),
    );
  });

  it('creates content five times, and asks nothing that strays from the published API', () => {
    expect(scenario.line.host.githubCalls().content).toBe(5);
    expect(scenario.line.host.violations).toEqual([]);
  });
});
