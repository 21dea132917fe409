import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replace, type ScriptStep, say } from '../../demo/model/script.ts';
import { taskAbortCommand } from '../../src/cmd/task-abort.ts';
import { taskShowCommand } from '../../src/cmd/task-show.ts';
import {
  isGone,
  type ProcessRow,
  readProcesses,
  treeOf,
} from '../../src/job/process-sandbox/process-table.ts';
import type { Task } from '../../src/task/task.ts';
import { type HostView, viewHost } from '../fixtures/host-view.ts';
import { type ScenarioLine, startScenarioLine } from '../fixtures/scenario-line.ts';

/** An answer of this length takes half a minute at a tenth of a second an event. */
const LONG = 'I think about the next unit. '.repeat(400);
const MARK = '// read every unit';
const PATTERN = 'const PATTERN = ';

let scenario: ScenarioLine;
let view: HostView;
let task: Task;
let processes: { readonly before: readonly ProcessRow[]; readonly during: readonly ProcessRow[] };
let askedAt: number;
let printed = '';
const write = (text: string): void => {
  printed += text;
};
const io = { out: write, error: write };

/** Processes under this one. */
const children = (): readonly ProcessRow[] =>
  treeOf(readProcesses(), process.pid).filter(({ pid }) => pid !== process.pid);

beforeAll(async () => {
  const script: readonly ScriptStep[] = [
    say('A note first.', replace('src/parse-duration.js', PATTERN, `${MARK}\n${PATTERN}`)),
    () => {
      scenario.model.failNext({ kind: 'slow', perEventMs: 100 });
      return say(LONG);
    },
  ];
  scenario = await startScenarioLine({ scripts: { 'Stop me': script } });
  const before = children();
  const issue = await scenario.hand({ title: 'Stop me' });
  view = viewHost(scenario.line.host, issue);
  const { id } = await scenario.until(issue, () => scenario.model.requests.length === 2);
  await uploaded(id);
  processes = { before, during: children() };
  askedAt = Date.now();
  expect(await taskAbortCommand({ db: scenario.line.db, io }, { task: id, login: 'operator' })).toBe(0);
  task = await scenario.ended(issue);
}, 120_000);
afterAll(() => scenario.close());

/** Waits until the first turn's change set is in the record. */
async function uploaded(taskId: string): Promise<void> {
  const read = () =>
    scenario.line.db
      .selectFrom('round')
      .select('last_upload_digest')
      .where('task_id', '=', taskId)
      .where('last_upload_digest', 'is not', null)
      .executeTakeFirst();
  while (!(await read())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe.runIf(process.platform === 'linux')('a task that is aborted while its agent works', () => {
  it('ends as aborted, by whom the command names, without anything published', () => {
    expect(printed).toContain(`Task ${task.id} is stopping: its model calls are cut now`);
    expect(task).toMatchObject({
      outcome: 'aborted',
      abort: { login: 'operator' },
      pullNumber: null,
      branch: null,
    });
    expect([view.branches(), view.pulls(), view.checkRuns()]).toEqual([['main'], [], []]);
  });

  it('has its model call cut within two seconds, settled, and makes no other', async () => {
    const rows = await scenario.line.db
      .selectFrom('ledger_row')
      .select(['state', 'created_at', 'settled_at', 'settled_nano_usd'])
      .where('task_id', '=', task.id)
      .orderBy('created_at')
      .execute();
    expect(rows.map(({ state }) => state)).toEqual(['exact', 'bounded']);
    expect((rows[1]?.settled_at?.getTime() ?? Number.POSITIVE_INFINITY) - askedAt).toBeLessThan(2_000);
    expect(rows[1]?.settled_nano_usd).toBeGreaterThan(0n);
    expect(scenario.model.requests).toHaveLength(2);
  });

  it('keeps the last change set, unsealed and unjudged, where the command line shows it', async () => {
    const round = await scenario.line.db
      .selectFrom('round')
      .select(['sealed_digest', 'verdict'])
      .where('task_id', '=', task.id)
      .executeTakeFirstOrThrow();
    expect(round).toEqual({ sealed_digest: null, verdict: null });
    printed = '';
    await taskShowCommand({ db: scenario.line.db, io }, { task: task.id, diff: true });
    expect(printed).toContain(MARK);
  });

  it('says in its status comment that it was aborted, by whom, and what is kept', () => {
    const [status, ending, ...more] = view.comments(task.issueNumber);
    expect(status).toMatch(
      /^\*\*Aborted\*\* by operator in work, after \d+ s and \$0\.\d\d\. The model call was cut \d+(\.\d)? s after the command; nothing was spent since\.\n\nKept: the last change set/,
    );
    expect(ending).toMatch(/^\*\*Aborted\*\*/);
    expect(more).toEqual([]);
    expect(scenario.line.host.violations).toEqual([]);
  });

  it('leaves no process behind', () => {
    const known = new Set(processes.before.map(({ pid }) => pid));
    const sandboxed = processes.during.filter(({ pid }) => !known.has(pid));
    expect(sandboxed.length).toBeGreaterThan(0);
    expect(sandboxed.filter((row) => !isGone(row))).toEqual([]);
    expect(children().filter(({ pid }) => !known.has(pid))).toEqual([]);
  });
});
