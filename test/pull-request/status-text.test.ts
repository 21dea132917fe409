/** What the status comment says at each point of a task's life, and the sentence that ends one without pull request. */
import { describe, expect, it } from 'vitest';
import { endingSentence, statusText } from '../../src/pull-request/status-text.ts';
import { ReasonCode } from '../../src/task/task.ts';
import { buildStatusView, ENDED } from '../builders/status-view.ts';
import { buildTask } from '../builders/task-record.ts';
import { buildVerdict } from '../builders/verdict.ts';

/** One task waits, and nothing is full. */
const QUEUE = {
  position: 1,
  length: 1,
  repository: { running: 0, limit: 2 },
  installation: { running: 3, limit: 4 },
  all: { running: 9, limit: 16 },
};

describe('the status text', () => {
  it('is Accepted, with its bounds and what was removed, before a sandbox runs', () => {
    const text = statusText(buildStatusView());
    expect(text).toMatch(/^\*\*Accepted\*\*: a sandbox starts now, with at most \$2\.00 and 60 min\./);
    expect(text).toContain('<summary>1 hidden part removed from the issue</summary>');
  });

  it('shows the phases and the reported step while running', () => {
    const phases = [
      { phase: 'fetch', state: 'done', ms: 2_000 },
      { phase: 'work', state: 'running', ms: 109_000 },
    ] as const;
    const text = statusText(
      buildStatusView({ phases, calls: 6, spentNanoUsd: 120_000_000n, step: 'edited @octocat `src/a.ts`' }),
    );
    expect(text).toContain('**Running**: work, 1 min 49 s, $0.12 of $2.00.');
    expect(text).toContain('|work|running|1 min 49 s|');
    expect(text).toContain('6 model calls. Last step, as reported: edited @&#8203;octocat');
  });

  it('says the position while queued', () => {
    const text = statusText(
      buildStatusView({
        task: buildTask({ state: 'queued' }),
        queue: { ...QUEUE, position: 3, length: 7, repository: { running: 2, limit: 2 } },
      }),
    );
    expect(text).toContain(
      '**Queued**: position 3 of 7. octo-org/clock runs 2 of 2 tasks at once; nothing is spent while waiting.',
    );
  });

  it.each([
    [{ installation: { running: 4, limit: 4 } }, 'everything of octo-org runs 4 of 4 tasks at once;'],
    [{ all: { running: 16, limit: 16 } }, 'the whole bot runs 16 of 16 tasks at once;'],
    [
      { repository: { running: 2, limit: 2 }, installation: { running: 5, limit: 4 } },
      'octo-org/clock runs 2 of 2 tasks at once and everything of octo-org runs 5 of 4 tasks at once;',
    ],
    [{}, 'octo-org/clock runs 0 of 2 tasks at once;'],
  ])('names the cap that binds while queued: %j', (full, words) => {
    const task = buildTask({ state: 'queued' });
    expect(statusText(buildStatusView({ task, queue: { ...QUEUE, ...full } }))).toBe(
      `**Queued**: position 1 of 1. ${words} nothing is spent while waiting.`,
    );
  });

  it('says which namespace is full while queued, and nothing of one that has room', () => {
    const place = { namespace: 'glovebox-sandbox', taken: 20, limit: 20, inLine: false };
    const at = (taken: number) =>
      statusText(
        buildStatusView({ task: buildTask({ state: 'queued' }), queue: QUEUE, place: { ...place, taken } }),
      );
    expect(at(20)).toContain(
      'position 1 of 1. 20 of 20 sandboxes run in `glovebox-sandbox`; nothing is spent',
    );
    expect(at(19)).not.toContain('sandboxes');
  });

  it('waits for a place once it has left the queue, before its first call and after it', () => {
    const place = { namespace: 'glovebox-sandbox', taken: 20, limit: 20, inLine: true };
    expect(statusText(buildStatusView({ place }))).toBe(
      '**Queued**: waits for a sandbox: 20 of 20 sandboxes run in `glovebox-sandbox`. Nothing is spent while waiting.',
    );
    const phases = [{ phase: 'work', state: 'done', ms: 109_000 }] as const;
    const task = buildTask({ state: 'verifying' });
    const text = statusText(buildStatusView({ task, place, phases, calls: 6, spentNanoUsd: 120_000_000n }));
    expect(text).toMatch(
      /^\*\*Running\*\*: waits for a sandbox: 20 of 20 .* \$0\.12 of \$2\.00; nothing more/,
    );
    expect(text).toContain('|work|done|1 min 49 s|');
  });

  it("waits for the cluster in the scheduler's words, escaped and cut", () => {
    const message = `0/3 nodes are available: 3 Insufficient cpu. @octocat ${'x'.repeat(400)}`;
    const text = statusText(buildStatusView({ held: { why: 'no-room', message, patienceMs: 1_800_000 } }));
    expect(text).toMatch(
      /^\*\*Queued\*\*: the cluster has no room for the sandbox yet: 0\/3 nodes are available: 3 Insufficient cpu\. @&#8203;octocat x+\.\.\. It is given up after 30 min\. Nothing is spent/,
    );
  });

  it("waits for a sandbox that cannot be started in the kubelet's words, escaped and cut", () => {
    const message = `FailedMount: MountVolume.SetUp failed for volume "a": @octocat ${'x'.repeat(400)}`;
    const held = { why: 'not-started', message, patienceMs: 600_000 } as const;
    expect(statusText(buildStatusView({ held }))).toMatch(
      /^\*\*Queued\*\*: the cluster cannot start the sandbox yet: FailedMount: .* @&#8203;octocat x+\.\.\. Another one is tried after 10 min\. Nothing is spent/,
    );
  });

  it('is Verified with the numbers of the verdict', () => {
    const task = buildTask({ ...ENDED, outcome: 'verified', pullNumber: 43 });
    expect(statusText(buildStatusView({ task, verdict: buildVerdict(), spentNanoUsd: 309_900_000n }))).toBe(
      '**Verified**: pull request #43 is ready for review. 149 of 149 tests pass (148 before), and the new test fails without the change, $0.31, 4 min 16 s.',
    );
  });

  it('says who can change a refusal, and that nothing was spent', () => {
    const reason = {
      code: 'no-permission' as const,
      values: { login: 'octocat', permission: 'triage' },
      detail: null,
    };
    const text = statusText(buildStatusView({ task: buildTask({ ...ENDED, outcome: 'refused', reason }) }));
    expect(text).toContain('**Refused**: octocat has triage here; write is needed. Nothing was spent.');
    expect(text).toContain('Anyone with write, maintain or admin can set the label `agent` anew.');
  });

  it('says what was spent where a refusal came after a model call', () => {
    const reason = { code: 'tree-unsupported', values: {}, detail: null } as const;
    const task = buildTask({ ...ENDED, outcome: 'refused', reason });
    const text = statusText(buildStatusView({ task, spentNanoUsd: 1_970_000_000n }));
    expect(text).toMatch(/^\*\*Refused\*\*: .* \$1\.97 spent\.$/m);
    expect(text).not.toContain('Nothing was spent');
  });

  it.each(ReasonCode.options)(
    'has a sentence and a remedy for %s that names no command that is not built',
    (code) => {
      const reason = { code, values: {}, detail: 'detail' };
      const text = statusText(buildStatusView({ task: buildTask({ ...ENDED, outcome: 'errored', reason }) }));
      expect(text).toMatch(/\*\*Errored\*\* on our side/);
      expect(text).not.toMatch(/`\/(retry|fix|abort|rollback|budget|help|status)/);
    },
  );

  it('names the draft of an earlier round, and why no further one came', () => {
    const reason = { code: 'setup-failed', values: { message: 'npm ci exited 1' }, detail: 'E404' } as const;
    const task = buildTask({ ...ENDED, outcome: 'needs-human', reason, pullNumber: 43 });
    const view = buildStatusView({ task, spentNanoUsd: 630_000_000n });
    const lines = statusText(view)?.split('\n') ?? [];
    expect(lines[0]).toMatch(/^\*\*Needs a human\*\*: draft #43: .*, \$0\.63\. No further round came: /);
    expect(lines[2]).toContain('can change `setup`');
    expect(lines).toContain('E404');
    expect(endingSentence(view)).toBeNull();
  });

  it.each([
    { outcome: 'needs-human', pullNumber: 43 },
    { outcome: 'budget-reached', pullNumber: null },
    { outcome: 'aborted', pullNumber: null },
    { outcome: 'needs-human', reason: { code: 'change-empty', values: {}, detail: null } },
  ] as const)("$outcome sends to the admin's label", (end) => {
    const text = statusText(buildStatusView({ task: buildTask({ ...ENDED, ...end }), label: 'robot' }));
    expect(text).toContain('set the label `robot` anew');
    expect(text).not.toContain('`agent`');
  });

  it.each([
    ['label', 'label `agent`'],
    ['opened-with-label', 'opened with label `agent`'],
    ['sweep', 'label `agent`, found by a sweep'],
    ['command', 'command'],
  ] as const)('says how it was asked for by %s', (via, words) => {
    const task = buildTask();
    expect(
      statusText(buildStatusView({ task: { ...task, requester: { ...task.requester, via } } })),
    ).toContain(`Asked by octocat (${words}, permission write). Later edits of the issue are not read.`);
  });

  it.each([
    [10_000, '15 s'],
    [20_000, '45 s'],
    [109_000, '1 min'],
    [130_000, '2 min'],
    [3_600_000, '15 min'],
  ] as const)(
    'running for %i ms says when it was written and that the next comes within %s',
    (totalMs, next) => {
      const phases = [{ phase: 'work', state: 'running', ms: 1_000 }] as const;
      expect(statusText(buildStatusView({ phases, totalMs }))).toContain(
        `Written 14:07:02 UTC, next within ${next}.`,
      );
    },
  );

  const reached = buildTask({ ...ENDED, outcome: 'budget-reached', pullNumber: 43 });
  it('is Budget reached with what is left and what the money went to', () => {
    const spentOn = [
      { name: 'output', nanoUsd: 880_000_000n },
      { name: 'cache write', nanoUsd: 610_000_000n },
    ];
    const view = buildStatusView({ task: reached, spentNanoUsd: 1_970_000_000n, spentCap: 'task', spentOn });
    expect(statusText(view)).toBe(
      '**Budget reached**: $1.97 of $2.00; the next call could cost more than the $0.03 left. Draft #43 holds the work so far.\n\nAn organisation admin can change `budget.perTask`; then set the label `agent` anew. Spent on: output $0.88, cache write $0.61.',
    );
  });

  it('names the cap where another than the task is spent', () => {
    const view = buildStatusView({ task: reached, spentNanoUsd: 100_000_000n, spentCap: 'repository' });
    expect(statusText(view)).toContain('the next call could cost more than this repository has left.');
    expect(statusText(view)).toContain('can change `budget.repository`;');
  });

  it('is Aborted with where, when, for how much, and how soon the model call was cut', () => {
    const abort = { login: 'octocat', at: '2026-01-02T14:07:40.000Z' };
    const task = buildTask({ ...ENDED, outcome: 'aborted', abort });
    const phases = [
      { phase: 'fetch', state: 'done', ms: 2_000 },
      { phase: 'work', state: 'failed', ms: 150_000 },
      { phase: 'verify', state: 'base checks done', ms: 9_000 },
    ] as const;
    const view = { task, phases, totalMs: 162_000, spentNanoUsd: 160_000_000n };
    expect(statusText(buildStatusView({ ...view, cutAfterMs: 812 }))).toBe(
      '**Aborted** by octocat in work, after 2 min 42 s and $0.16. The model call was cut 0.8 s after the command; nothing was spent since.\n\nKept: the last change set, transcript and log (`glovebox task show 7k2m9q`). Start again: set the label `agent` anew.',
    );
    expect(statusText(buildStatusView(view))).not.toContain('was cut');
  });

  it('posts no ending sentence for a refusal or where a pull request tells', () => {
    expect(endingSentence(buildStatusView({ task: buildTask({ ...ENDED, outcome: 'refused' }) }))).toBeNull();
    expect(
      endingSentence(buildStatusView({ task: buildTask({ ...ENDED, outcome: 'verified', pullNumber: 43 }) })),
    ).toBeNull();
  });
});
