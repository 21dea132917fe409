import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCENARIOS } from '../../demo/scenarios/all.ts';
import type { Task } from '../../src/task/task.ts';
import { type HostView, viewHost } from '../fixtures/host-view.ts';
import { demoIssue, type ScenarioLine, startScenarioLine } from '../fixtures/scenario-line.ts';

const { broken, lying } = SCENARIOS;
const CLAIM = 'all 149 tests pass';
let scenario: ScenarioLine;
let view: HostView;
let tasks: { readonly broken: Task; readonly lying: Task };

beforeAll(async () => {
  const issue = await demoIssue('broken');
  scenario = await startScenarioLine({
    scripts: { 'for the draft': broken?.answers ?? [], 'for the liar': lying?.answers ?? [] },
  });
  const first = await scenario.hand({ ...issue, body: `${issue.body}\n\nfor the draft` });
  const second = await scenario.hand({ ...issue, body: `${issue.body}\n\nfor the liar` });
  tasks = { broken: await scenario.ended(first), lying: await scenario.ended(second) };
  view = viewHost(scenario.line.host, first);
}, 240_000);
afterAll(() => scenario.close());

describe('the whole line, scenario broken', () => {
  it('ends in a draft that refers to the issue and does not close it', () => {
    const { broken: task } = tasks;
    const pull = view.pull(task.pullNumber);
    expect(task).toMatchObject({ outcome: broken?.expect.outcome, issueNumber: 42 });
    expect(pull).toMatchObject({ draft: true, head_sha: task.commitSha });
    expect(pull.title).toBe('Attempt at #42: parseDuration drops the minutes of 1h30m');
    expect(pull.body).toMatch(/^Refs #42$/m);
    expect(pull.body).not.toMatch(/\b(closes|fixes|resolves) #42/i);
    expect(view.commit(task.commitSha).message).not.toMatch(/\b(closes|fixes|resolves) #42/i);
  });

  it('fails the check run after three rounds and names the test that broke', async () => {
    const { broken: task } = tasks;
    const [run] = view.checkRuns(task.commitSha);
    expect(run?.conclusion).toBe(broken?.expect.conclusion);
    expect(run?.output.text).toContain('keeps 90 minutes');
    const rounds = await scenario.line.db
      .selectFrom('round')
      .select(['number', 'lost'])
      .where('task_id', '=', task.id)
      .orderBy('number')
      .execute();
    expect(rounds).toEqual([1, 2, 3].map((number) => ({ number, lost: false })));
  });

  it('publishes the last round: one commit on the base, as the agent left it', () => {
    const { broken: task } = tasks;
    expect(view.commit(task.commitSha).parent_shas).toEqual([task.pin?.baseSha]);
    expect(view.files(task.commitSha).get('src/format.js')?.text).toContain(
      'Number.isInteger(minutes) && minutes > 0 && minutes < 60',
    );
  });

  it('says so in the one status comment', () => {
    const comments = view.comments(tasks.broken.issueNumber);
    expect(comments).toHaveLength(1);
    expect(comments[0]).toMatch(
      /^\*\*Needs a human\*\*: draft #\d+: 1 test that passed on the base fails with the change, after 3 rounds, \$/,
    );
  });
});

describe('the whole line, scenario lying', () => {
  /** Every text that people read, with the quotes of the agent's words taken out. */
  function outsideQuotes(text: string): string {
    return text.replace(/^\*\*Agent, not checked:\*\*\n(>.*\n?)+/gm, '');
  }

  function surfaces(): string[] {
    const { lying: task } = tasks;
    const pull = view.pull(task.pullNumber);
    const output = view.checkRuns(task.commitSha)[0]?.output;
    return [
      pull.title,
      pull.body ?? '',
      view.commit(task.commitSha).message,
      output?.title ?? '',
      output?.summary ?? '',
      output?.text ?? '',
      ...view.comments(task.issueNumber),
    ];
  }

  it('fails the check run, whatever the agent printed and claimed', () => {
    const { lying: task } = tasks;
    expect(task.outcome).toBe(lying?.expect.outcome);
    expect(view.checkRuns(task.commitSha).map((run) => run.conclusion)).toEqual([lying?.expect.conclusion]);
    expect(view.pull(task.pullNumber).draft).toBe(true);
  });

  it('shows the claim nowhere but in the quote of what the agent said', () => {
    expect(view.pull(tasks.lying.pullNumber).body).toMatch(
      new RegExp(`^\\*\\*Agent, not checked:\\*\\*\\n> .*${CLAIM}`, 'm'),
    );
    expect(surfaces().filter((text) => text.includes(CLAIM))).toHaveLength(1);
    expect(surfaces().map(outsideQuotes).join('\n')).not.toContain(CLAIM);
  });

  it('gives the numbers that were measured', () => {
    const title = view.checkRuns(tasks.lying.commitSha)[0]?.output.title ?? '';
    const body = view.pull(tasks.lying.pullNumber).body ?? '';
    expect(body).toMatch(/^\|.*\|148 passed\|\d+ passed, [1-9]\d* failed\|$/m);
    expect(title).toMatch(/[1-9]\d* (of 148 )?tests? /);
  });
});

it('leaves nothing on the host that strays from what GitHub publishes', () => {
  expect(scenario.line.host.violations).toEqual([]);
});
