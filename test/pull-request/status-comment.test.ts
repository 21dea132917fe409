import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Lease } from '../../src/controller/ports.ts';
import { nextSlotMs } from '../../src/pull-request/edit-slots.ts';
import { readMarker, withMarker } from '../../src/pull-request/marker.ts';
import { endingSentence, statusText } from '../../src/pull-request/status-text.ts';
import type { StatusView } from '../../src/pull-request/status-view.ts';
import { syncStatus } from '../../src/pull-request/sync-status.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { ReasonCode } from '../../src/task/task.ts';
import { buildTask } from '../builders/task-record.ts';
import { insertTask } from '../builders/task-row.ts';
import { buildVerdict } from '../builders/verdict.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { FakePublishGithub } from '../fakes/fake-publish-github.ts';
import { openTestStore } from '../fixtures/test-store.ts';

const key = Buffer.alloc(32, 7);
const ended = { state: 'ended', endedAt: new Date('2026-01-02T14:09:18.000Z') } as const;

function view(overrides: Partial<StatusView> = {}): StatusView {
  return {
    task: buildTask(),
    now: new Date('2026-01-02T14:07:02.000Z'),
    queue: null,
    place: null,
    held: null,
    phases: [],
    calls: 0,
    spentNanoUsd: 0n,
    budgetNanoUsd: 2_000_000_000n,
    boundMinutes: 60,
    step: null,
    verdict: null,
    rounds: 1,
    narrative: null,
    totalMs: 256_000,
    ...overrides,
  };
}

describe('the status text', () => {
  it('is Accepted, with its bounds and what was removed, before a sandbox runs', () => {
    const text = statusText(view());
    expect(text).toMatch(/^\*\*Accepted\*\*: a sandbox starts now, with at most \$2\.00 and 60 min\./);
    expect(text).toContain('<summary>1 hidden part removed from the issue</summary>');
  });

  it('shows the phases and the reported step while running', () => {
    const phases = [
      { phase: 'fetch', state: 'done', ms: 2_000 },
      { phase: 'work', state: 'running', ms: 109_000 },
    ] as const;
    const text = statusText(
      view({ phases, calls: 6, spentNanoUsd: 120_000_000n, step: 'edited @octocat `src/a.ts`' }),
    );
    expect(text).toContain('**Running**: work, 1 min 49 s, $0.12 of $2.00.');
    expect(text).toContain('|work|running|1 min 49 s|');
    expect(text).toContain('6 model calls. Last step, as reported: edited @&#8203;octocat');
  });

  it('says the position while queued', () => {
    const text = statusText(
      view({ task: buildTask({ state: 'queued' }), queue: { position: 3, length: 7, running: 2, limit: 2 } }),
    );
    expect(text).toContain(
      '**Queued**: position 3 of 7. octo-org/clock runs 2 of 2 tasks at once; nothing is spent while waiting.',
    );
  });

  it('says which namespace is full while queued, and nothing of one that has room', () => {
    const queue = { position: 1, length: 1, running: 0, limit: 2 };
    const place = { namespace: 'glovebox-sandbox', taken: 20, limit: 20, inLine: false };
    const at = (taken: number) =>
      statusText(view({ task: buildTask({ state: 'queued' }), queue, place: { ...place, taken } }));
    expect(at(20)).toContain(
      'octo-org/clock runs 0 of 2 tasks at once and 20 of 20 sandboxes run in `glovebox-sandbox`; nothing is spent',
    );
    expect(at(19)).not.toContain('sandboxes');
  });

  it('waits for a place once it has left the queue, before its first call and after it', () => {
    const place = { namespace: 'glovebox-sandbox', taken: 20, limit: 20, inLine: true };
    expect(statusText(view({ place }))).toBe(
      '**Queued**: waits for a sandbox: 20 of 20 sandboxes run in `glovebox-sandbox`. Nothing is spent while waiting.',
    );
    const phases = [{ phase: 'work', state: 'done', ms: 109_000 }] as const;
    const task = buildTask({ state: 'verifying' });
    const text = statusText(view({ task, place, phases, calls: 6, spentNanoUsd: 120_000_000n }));
    expect(text).toMatch(
      /^\*\*Running\*\*: waits for a sandbox: 20 of 20 .* \$0\.12 of \$2\.00; nothing more/,
    );
    expect(text).toContain('|work|done|1 min 49 s|');
  });

  it("waits for the cluster in the scheduler's words, escaped and cut", () => {
    const message = `0/3 nodes are available: 3 Insufficient cpu. @octocat ${'x'.repeat(400)}`;
    const text = statusText(view({ held: { message, patienceMs: 1_800_000 } }));
    expect(text).toMatch(
      /^\*\*Queued\*\*: the cluster has no room for the sandbox yet: 0\/3 nodes are available: 3 Insufficient cpu\. @&#8203;octocat x+\.\.\. It is given up after 30 min\. Nothing is spent/,
    );
  });

  it('is Verified with the numbers of the verdict', () => {
    const task = buildTask({ ...ended, outcome: 'verified', pullNumber: 43 });
    expect(statusText(view({ task, verdict: buildVerdict(), spentNanoUsd: 309_900_000n }))).toBe(
      '**Verified**: pull request #43 is ready for review. 149 of 149 tests pass (148 before), and the new test fails without the change, $0.31, 4 min 16 s.',
    );
  });

  it('says who can change a refusal, and that nothing was spent', () => {
    const reason = {
      code: 'no-permission' as const,
      values: { login: 'octocat', permission: 'triage' },
      detail: null,
    };
    const text = statusText(view({ task: buildTask({ ...ended, outcome: 'refused', reason }) }));
    expect(text).toContain('**Refused**: octocat has triage here; write is needed. Nothing was spent.');
    expect(text).toContain('Anyone with write, maintain or admin can set the label `agent` anew.');
  });

  it.each(ReasonCode.options)(
    'has a sentence and a remedy for %s that names no command that is not built',
    (code) => {
      const reason = { code, values: {}, detail: 'detail' };
      const text = statusText(view({ task: buildTask({ ...ended, outcome: 'errored', reason }) }));
      expect(text).toMatch(/\*\*Errored\*\* on our side/);
      expect(text).not.toMatch(/`\/(retry|fix|abort|rollback|budget|help|status)/);
    },
  );

  it('posts no ending sentence for a refusal or where a pull request tells', () => {
    expect(endingSentence(view({ task: buildTask({ ...ended, outcome: 'refused' }) }))).toBeNull();
    expect(
      endingSentence(view({ task: buildTask({ ...ended, outcome: 'verified', pullNumber: 43 }) })),
    ).toBeNull();
  });
});

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
      view({ task: buildTask({ id }), ...overrides }),
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
    const task = buildTask({ id, ...ended, outcome: 'verified', pullNumber: 43 });
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
    const task = buildTask({ id, ...ended, outcome: 'needs-human', reason });
    await sync({ task });
    await sync({ task });
    expect(github.comments.map((comment) => comment.body.split('\n')[0])).toEqual([
      expect.stringContaining('**Needs a human**: the change set is empty'),
      "**Needs a human**: the change set is empty; the agent's reason is in the status comment.",
    ]);
  });

  it('finds its own comment after a crash instead of posting a second one', async () => {
    github.crash = { at: 1, when: 'after' };
    await expect(sync()).rejects.toThrow();
    github.crash = null;
    await sync();
    expect(github.comments).toHaveLength(1);
  });
});
