/** The one status comment of a task: created once, edited in slots, found again by its marker and by no other. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Lease } from '../../src/controller/ports.ts';
import { nextSlotMs } from '../../src/pull-request/edit-slots.ts';
import { readMarker, withMarker } from '../../src/pull-request/marker.ts';
import type { StatusView } from '../../src/pull-request/status-view.ts';
import { syncStatus } from '../../src/pull-request/sync-status.ts';
import { GloveboxError } from '../../src/shared/errors.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { buildStatusView, ENDED } from '../builders/status-view.ts';
import { buildTask } from '../builders/task-record.ts';
import { insertTask } from '../builders/task-row.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { FakeCrash, FakePublishGithub } from '../fakes/fake-publish-github.ts';
import { openTestStore } from '../fixtures/test-store.ts';

const key = Buffer.alloc(32, 7);

describe('edit slots', () => {
  it('cost an hour at most 8 edits before the ending', () => {
    let [last, edits] = [0, 0];
    while (nextSlotMs(last) <= 3_600_000) {
      last = nextSlotMs(last);
      edits += 1;
    }
    expect(edits).toBe(8);
  });
});

describe('the marker', () => {
  it('is read back, and not when any part of it was changed', () => {
    const body = withMarker('text', { taskId: '7k2m9q', surface: 'status' }, key);
    expect(readMarker(body, key)).toEqual({ taskId: '7k2m9q', surface: 'status' });
    expect(readMarker(body.replace('7k2m9q', '7k2m9r'), key)).toBeNull();
    expect(readMarker(body, Buffer.alloc(32, 8))).toBeNull();
  });
});

describe('syncing the comment', () => {
  let store: OpenStore;
  let github: FakePublishGithub;
  let clock: FakeClock;
  let lease: Lease;
  let id: string;
  beforeAll(async () => {
    store = await openTestStore('pglite');
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    github = new FakePublishGithub();
    clock = new FakeClock(Date.now());
    id = await insertTask(store.db);
    lease = { taskId: id, epoch: 1, check: async () => 30_000 };
  });
  const sync = (overrides: Partial<StatusView> = {}) =>
    syncStatus(
      { db: store.db, clock, github, markerKey: key, redact: (text) => text },
      lease,
      buildStatusView({ task: buildTask({ id }), ...overrides }),
    );
  const running = (ms: number): Partial<StatusView> => ({
    phases: [{ phase: 'work', state: 'running', ms }],
  });

  it('creates one comment, edits it in slots only, and the ending at once', async () => {
    await sync();
    clock.advance(5_000);
    expect((await sync(running(1_000)))?.getTime()).toBeGreaterThan(clock.now());
    expect(github.comments[0]?.body).toContain('**Accepted**');
    clock.advance(11_000);
    await sync(running(12_000));
    expect(github.comments[0]?.body).toContain('**Running**');
    clock.advance(1_000);
    const task = buildTask({ id, ...ENDED, outcome: 'verified', pullNumber: 43 });
    expect(await sync({ task })).toBeNull();
    expect(github.comments).toHaveLength(1);
    expect(github.comments[0]?.body).toContain('**Verified**');
  });

  it('sends no edit when the text is the same', async () => {
    await sync();
    clock.advance(20_000);
    await sync();
    expect(github.calls.filter((name) => name === 'editComment')).toEqual([]);
  });

  it('posts one sentence beside the comment when a task ends without pull request', async () => {
    await sync();
    const reason = { code: 'change-empty' as const, values: {}, detail: null };
    const task = buildTask({ id, ...ENDED, outcome: 'needs-human', reason });
    await sync({ task });
    await sync({ task });
    expect(github.comments.map((comment) => comment.body.split('\n')[0])).toEqual([
      expect.stringContaining('**Needs a human**: the change set is empty'),
      "**Needs a human**: the change set is empty; the agent's reason is in the status comment.",
    ]);
  });

  const unchanged = { code: 'change-empty', values: {}, detail: null } as const;
  const empty = () => ({ task: buildTask({ id, ...ENDED, outcome: 'needs-human', reason: unchanged }) });

  it('makes the comment anew where somebody deleted it, and edits that one from then on', async () => {
    await sync();
    github.deleteComments();
    clock.advance(16_000);
    expect((await sync(running(12_000)))?.getTime()).toBeGreaterThan(clock.now());
    clock.advance(3_600_000);
    const task = buildTask({ id, ...ENDED, outcome: 'verified', pullNumber: 43 });
    expect(await sync({ task })).toBeNull();
    expect(github.comments.map((comment) => comment.body)).toEqual([expect.stringContaining('**Verified**')]);
    expect(github.calls.filter((name) => name === 'createComment')).toHaveLength(2);
  });

  it('takes a third deletion for a wish, and tells the ending all the same', async () => {
    await sync();
    for (const ms of [12_000, 80_000, 160_000]) {
      github.deleteComments();
      clock.advance(3_600_000);
      await sync(running(ms));
    }
    expect(github.comments).toEqual([]);
    expect(github.calls.filter((name) => name === 'createComment')).toHaveLength(3);
    expect(await sync(empty())).toBeNull();
    expect(await sync(empty())).toBeNull();
    expect(github.comments.map((comment) => comment.body)).toEqual([
      expect.stringContaining('in the status comment.'),
    ]);
  });

  it('tells the ending where the comment cannot be edited, which is tried again', async () => {
    await sync();
    const edit = github.editComment.bind(github);
    github.editComment = async () => {
      throw new GloveboxError({ code: 'github-unavailable', message: '502', retry: true });
    };
    await expect(sync(empty())).rejects.toMatchObject({ code: 'github-unavailable' });
    expect(github.comments).toHaveLength(2);
    github.editComment = edit;
    expect(await sync(empty())).toBeNull();
    expect(github.comments).toHaveLength(2);
    expect(github.comments[0]?.body).toContain('**Needs a human**');
  });

  const crash = async (when: 'before' | 'after'): Promise<void> => {
    github.crash = { at: 1, when };
    await expect(sync()).rejects.toThrow(FakeCrash);
    github.crash = null;
  };

  it('finds its own comment after a crash instead of posting a second one', async () => {
    await crash('after');
    await sync();
    expect(github.comments).toHaveLength(1);
  });

  it('counter-test: without the intent row the same crash leaves two comments', async () => {
    await crash('after');
    await store.db.deleteFrom('intent').where('task_id', '=', id).execute();
    await sync();
    expect(github.comments).toHaveLength(2);
  });

  /** Something that we posted ends in a marker as the attacker can make one, when a crash has us look for our comment. */
  async function recoverBeside(attackersKey: Uint8Array): Promise<readonly string[]> {
    const body = withMarker('As you wrote:', { taskId: id, surface: 'status' }, attackersKey);
    github.comments.push({ id: 1, issue: buildTask().issueNumber, body });
    await crash('before');
    clock.advance(11_000);
    await sync();
    clock.advance(20_000);
    await sync(running(12_000));
    return github.comments.map((comment) => comment.body.split('\n')[0] ?? '');
  }

  it('takes no comment for its own by a marker that was forged in text that it repeated', async () => {
    expect(await recoverBeside(Buffer.alloc(32))).toEqual([
      'As you wrote:',
      expect.stringContaining('**Running**'),
    ]);
  });

  it('counter-test: with a key that anybody knows, the same comment is taken for its own and overwritten', async () => {
    expect(await recoverBeside(key)).toEqual([expect.stringContaining('**Running**')]);
  });
});
