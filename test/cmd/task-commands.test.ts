import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { taskAbortCommand } from '../../src/cmd/task-abort.ts';
import { taskListCommand } from '../../src/cmd/task-list.ts';
import { taskShowCommand } from '../../src/cmd/task-show.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { insertTask } from '../builders/task-row.ts';
import { changeTo } from '../fakes/fake-runner.ts';
import { ControllerWorld } from '../fixtures/controller-world.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

describe.each(storeKinds)('glovebox task on %s', (kind) => {
  let store: OpenStore;
  let world: ControllerWorld;
  let printed: string;
  const write = (text: string): void => {
    printed += text;
  };
  const io = { out: write, error: write };
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());
  beforeEach(() => {
    world = new ControllerWorld(store.db);
    printed = '';
  });
  afterEach(() => world.close());

  const show = (args: Parameters<typeof taskShowCommand>[1]) => taskShowCommand({ db: store.db, io }, args);

  it('list shows each task with its outcome word, issue, pull request and cost', async () => {
    const id = await insertTask(store.db);
    world.start();
    const { task } = await world.ended(id);
    expect(await taskListCommand({ db: store.db, io }, {})).toBe(0);
    const line = printed.split('\n').find((candidate) => candidate.startsWith(id));
    expect(line).toMatch(/^\w{6} {2}Verified {8}octo-org\/clock#\d+ +#43 +0\.000000 {2}\d{4}-/);
    printed = '';
    await taskListCommand({ db: store.db, io }, { json: true });
    const lines = printed
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text));
    expect(lines.find((one) => one.task === id)).toMatchObject({
      repository: 'octo-org/clock',
      issue: task.issueNumber,
      outcome: 'verified',
      pull: 43,
      costNanoUsd: '0',
    });
  });

  it('show prints the timeline with its phases, checks, commit and audit chain', async () => {
    const id = await insertTask(store.db);
    world.start();
    await world.ended(id);
    expect(await show({ task: id })).toBe(0);
    const lines = printed.split('\n');
    expect(lines[0]).toMatch(
      /^Verified {2}octo-org\/clock#\d+ {2}pull request #43 {2}attempt 1, round 1 {2}\$0\.000000$/,
    );
    expect(lines[1]).toMatch(
      /^\d\d:\d\d:\d\d {2}accept {3}octocat, label, write; snapshot sha256:[0-9a-f]{6}\.\.\.$/,
    );
    expect(lines.slice(2, 6).map((line) => line.slice(10, 17).trim())).toEqual([
      'fetch',
      'work',
      'verify',
      'publish',
    ]);
    expect(printed).toContain('npm test 148 before, 149 after');
    expect(printed).toContain('ccccccc, verified by GitHub');
    expect(printed).toMatch(
      /Audit: \d+ events, chain intact\. {2}More: --diff --transcript --calls --json\n$/,
    );
  });

  it('show says where the audit chain was tampered with', async () => {
    const id = await insertTask(store.db);
    world.start();
    await world.ended(id);
    await store.db
      .updateTable('audit_event')
      .set({ data: '{"from":"working","to":"ended","outcome":"verified","reason":null}' })
      .where('task_id', '=', id)
      .where('seq', '=', 3)
      .execute();
    await show({ task: id });
    expect(printed).toContain('chain broken at event 3');
  });

  it('show gives the diff that was judged, and nothing in it speaks to the terminal', async () => {
    world.judge.diff = '--- a/note.txt\n+++ b/note.txt\n@@ -0,0 +1,1 @@\n+\u001b]0;owned\u0007\n';
    const id = await insertTask(store.db);
    world.start();
    await world.ended(id);
    printed = '';
    await show({ task: id, diff: true });
    expect(printed).toContain('--- a/note.txt\n+++ b/note.txt\n@@ -0,0 +1,1 @@\n+\\x1b]0;owned\\x07\n');
    expect(printed).not.toContain('\u001b');
  });

  it('show gives the reason, the change set, the calls and JSON', async () => {
    world.runner.work = () => ({ upload: changeTo('one\n\u001b]0;owned\u0007two'), end: 'hang' });
    const id = await insertTask(store.db);
    world.start();
    await world.until(id, ({ jobs }) => jobs.some((job) => job.kind === 'verify'));
    expect(await taskAbortCommand({ db: store.db, io }, { task: id, login: 'operator' })).toBe(0);
    await world.ended(id);
    printed = '';
    await show({ task: id, diff: true, calls: true, transcript: true });
    expect(printed).toContain('Aborted  octo-org/clock');
    expect(printed).toContain('+ one\n+ \\x1b]0;owned\\x07two\n');
    expect(printed).not.toContain('\u001b');
    expect(printed).toContain('No model call.');
    printed = '';
    await show({ task: id, json: true });
    expect(JSON.parse(printed)).toMatchObject({
      task: { id, outcome: 'aborted', abort: { login: 'operator' } },
      spentNanoUsd: '0',
      chain: { intact: true },
    });
  });

  it('abort answers what it found: stopping, stopping already, ended, unknown', async () => {
    const id = await insertTask(store.db);
    const abort = (task: string) => taskAbortCommand({ db: store.db, io }, { task, login: 'operator' });
    expect([await abort(id), await abort(id)]).toEqual([0, 0]);
    world.start();
    await world.ended(id);
    expect([await abort(id), await abort('zzzzzz')]).toEqual([2, 2]);
    const lines = printed.trim().split('\n');
    expect(lines[0]).toBe(
      `Task ${id} is stopping: its model calls are cut now, its sandboxes are removed next.`,
    );
    expect(lines[1]).toMatch(new RegExp(`^Task ${id} is stopping already: operator asked at \\d{4}-`));
    expect(lines[2]).toMatch(/^Nothing to abort: the task ended as Aborted at \d\d:\d\d:\d\d UTC\.$/);
    expect(lines[3]).toMatch(/^Refused: Task 'zzzzzz' is not in the store/);
    expect(await show({ task: 'zzzzzz' })).toBe(2);
  });
});
