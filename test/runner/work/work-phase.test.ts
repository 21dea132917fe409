/** How the agent's round goes on and ends: its turns, its uploads, and what is kept of it at each end. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { changeSetDigest } from '../../../src/result/contract/change-set.ts';
import { liveProcesses } from '../../../src/runner/process/process-table.ts';
import type { FakeGateway } from '../../fakes/fake-gateway.ts';
import { call, type ScriptedReply } from '../../fakes/scripted-anthropic.ts';
import { LIMITS, type RunnerSandbox } from '../../fixtures/runner-sandbox.ts';
import { finish, openWorkRound, results, type WorkRound } from '../../fixtures/work-round.ts';

let round: WorkRound;
let box: RunnerSandbox;
let gateway: FakeGateway;
beforeEach(async () => {
  round = await openWorkRound();
  ({ box, gateway } = round);
});
afterEach(() => round.close());
const work = (...args: Parameters<WorkRound['work']>) => round.work(...args);

const edit = (id: string, from: string, to: string) =>
  call(id, 'str_replace_based_edit_tool', {
    command: 'str_replace',
    path: 'a.txt',
    old_str: from,
    new_str: to,
  });

describe('how a round ends', () => {
  test.each<[string, readonly ScriptedReply[], string, string]>([
    ['finish', [edit('1', 'two', '2'), finish], 'finished', 'Did it.'],
    [
      'a plain end of turn',
      [edit('1', 'two', '2'), { blocks: [{ type: 'text', text: 'All done.' }] }],
      'end-of-turn',
      'All done.',
    ],
    [
      'a spent budget (402)',
      [edit('1', 'two', '2'), { status: 402, type: 'billing_error', headers: { 'x-should-retry': 'false' } }],
      'budget',
      '',
    ],
    [
      'a spent budget (429 that says so)',
      [edit('1', 'two', '2'), { status: 429, type: 'billing_error', headers: { 'x-should-retry': 'false' } }],
      'budget',
      '',
    ],
    [
      'a gateway that says no for good (no price for the model)',
      [
        edit('1', 'two', '2'),
        { status: 403, type: 'permission_error', headers: { 'x-should-retry': 'false' } },
      ],
      'failed',
      'No answer from the model: scripted',
    ],
    [
      'an upstream that refuses our key',
      [edit('1', 'two', '2'), { status: 502, type: 'api_error', headers: { 'x-should-retry': 'false' } }],
      'failed',
      'No answer from the model: scripted',
    ],
    [
      'a refusal',
      [edit('1', 'two', '2'), { blocks: [{ type: 'text', text: 'No.' }], stop: 'refusal' }],
      'refused',
      'No.',
    ],
    [
      'a request that the API rejects',
      [edit('1', 'two', '2'), { status: 400, type: 'invalid_request_error', message: 'bad' }],
      'failed',
      'No answer from the model: bad',
    ],
  ])('%s keeps the work', async (_name, replies, end, narrative) => {
    const seal = await work(replies);
    expect(seal).toMatchObject({ end, narrative });
    const last = gateway.changeSets.at(-1);
    expect(last?.entries.map((entry) => entry.path)).toEqual(['a.txt']);
    expect(seal?.digest).toBe(last === undefined ? '' : changeSetDigest(last));
  });

  test('the limit of turns', async () => {
    const seal = await work((index) => call(`t${index}`, 'bash', { command: `echo ${index} >> log.txt` }), {
      maxTurns: 3,
    });
    expect(seal?.end).toBe('turn-limit');
    expect(gateway.modelRequests).toHaveLength(3);
  });

  test('the limit of time, in the middle of a command', async () => {
    const limits = { ...LIMITS, wallClockMs: 21_500 };
    const seal = await work([edit('1', 'two', '2'), call('2', 'bash', { command: 'sleep 1000' })], {
      limits,
    });
    expect(seal?.end).toBe('time-limit');
    expect(gateway.changeSets.at(-1)?.entries).toHaveLength(1);
  });

  test('without any change an empty change set is sealed', async () => {
    const seal = await work([finish]);
    expect(gateway.changeSets.map((set) => set.entries)).toEqual([[]]);
    expect(seal).toMatchObject({ end: 'finished' });
  });
});

describe('uploads', () => {
  test('follow every turn that changed files, and only those', async () => {
    await work([
      edit('1', 'one', '1'),
      call('2', 'bash', { command: 'cat a.txt' }),
      edit('3', 'two', '2'),
      finish,
    ]);
    expect(gateway.changeSets.map((set) => set.entries.length)).toEqual([1, 1]);
  });

  test('a tree that cannot be carried is said to the agent, who mends it', async () => {
    const seal = await work([
      call('1', 'bash', { command: 'mkfifo p' }),
      call('2', 'bash', { command: 'rm p; echo x > y' }),
      finish,
    ]);
    expect(JSON.stringify(results(gateway.modelRequests[1]))).toContain("cannot carry 'p' is a FIFO");
    expect(seal?.end).toBe('finished');
  });

  test('a tree that cannot be carried in the end fails the phase', async () => {
    await expect(work([call('1', 'bash', { command: 'mkfifo p' })])).rejects.toMatchObject({
      failure: { code: 'change-set-refused' },
    });
    expect(gateway.seals).toEqual([]);
  });

  test('what is still running when the agent ends is gone before the last look at the tree', async () => {
    await work([call('1', 'bash', { command: 'setsid sleep 1000 >/dev/null 2>&1 & echo $! > pid' }), finish]);
    const pid = readFileSync(box.path('prepared/pid'), 'utf8').trim();
    expect(pid).toMatch(/^\d+$/);
    expect(liveProcesses().map((row) => row.pid)).not.toContain(Number(pid));
  });
});

describe('turns', () => {
  test('parallel calls are all answered in one message, in their order', async () => {
    const blocks = [1, 2, 3].map((n) => ({
      type: 'tool_use' as const,
      id: `p${n}`,
      name: 'bash',
      input: { command: `echo ${n}` },
    }));
    await work([{ blocks }, finish]);
    expect(gateway.modelRequests[1]?.body.messages).toHaveLength(3);
    expect(
      results(gateway.modelRequests[1]).map((block) => [
        block['type'],
        block['tool_use_id'],
        block['content'],
      ]),
    ).toEqual([
      ['tool_result', 'p1', '1'],
      ['tool_result', 'p2', '2'],
      ['tool_result', 'p3', '3'],
    ]);
  });

  test('an unknown tool and bad input are answered, not thrown', async () => {
    await work([
      call('1', 'rm_rf', {}),
      call('2', 'bash', { command: 7 }),
      call('3', 'str_replace_based_edit_tool', {}),
      finish,
    ]);
    for (const request of gateway.modelRequests.slice(1, 4))
      expect(results(request)[0]).toMatchObject({ is_error: true });
  });

  test('an answer that was cut at its token limit runs none of its calls', async () => {
    await work([
      {
        blocks: [
          { type: 'text', text: 'Now' },
          { type: 'tool_use', id: '1', name: 'bash', input: { command: 'echo x > x' } },
        ],
        stop: 'max_tokens',
      },
      finish,
    ]);
    expect(gateway.changeSets.at(-1)?.entries).toEqual([]);
    expect(JSON.stringify(results(gateway.modelRequests[1]))).toContain('cut at its limit');
  });
});
