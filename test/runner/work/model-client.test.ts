/** What a round makes of a model that does not answer at once: patience where it will pass, room where the context is full. */
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FakeGateway } from '../../fakes/fake-gateway.ts';
import { call, type ScriptedReply } from '../../fakes/scripted-anthropic.ts';
import { finish, openWorkRound, type WorkRound } from '../../fixtures/work-round.ts';

let round: WorkRound;
let gateway: FakeGateway;
beforeEach(async () => {
  round = await openWorkRound();
  ({ gateway } = round);
});
afterEach(() => round.close());
const work = (...args: Parameters<WorkRound['work']>) => round.work(...args);

describe('patience with the model', () => {
  test.each<[string, ScriptedReply]>([
    ['529', { status: 529, type: 'overloaded_error', headers: { 'retry-after-ms': '5' } }],
    ['429 with retry-after', { status: 429, type: 'rate_limit_error', headers: { 'retry-after': '0' } }],
    ['500', { status: 500, headers: { 'retry-after-ms': '5' } }],
    ['a stream that is cut', { blocks: [{ type: 'text', text: 'half' }], cutAfter: 2 }],
  ])('%s is tried again', async (_name, failure) => {
    expect(await work([failure, failure, finish])).toMatchObject({ end: 'finished' });
    expect(gateway.modelRequests).toHaveLength(3);
    expect(gateway.modelRequests[2]?.body).toEqual(gateway.modelRequests[0]?.body);
  });

  test('the phase token goes with each try, read anew, and no other key', async () => {
    await work((index) => {
      if (index > 0) return finish;
      gateway.token = 'gbx_rotated';
      writeFileSync(gateway.tokenFile, gateway.token);
      return { status: 529, headers: { 'retry-after-ms': '5' } };
    });
    const sent = gateway.modelRequests.map(({ headers }) => [headers.authorization, headers['x-api-key']]);
    expect(sent).toEqual([
      ['Bearer gbx_test', undefined],
      ['Bearer gbx_rotated', undefined],
    ]);
  });
});

describe('context overflow', () => {
  const big = (id: string) => call(id, 'bash', { command: 'head -c 20000 /dev/zero | tr "\\0" x' });

  test('older tool results are dropped with a note, and the round goes on', async () => {
    let refused = 0;
    gateway.replies = null;
    const seal = await work((index) => {
      if (index < 4) return big(`b${index}`);
      if (refused++ === 0)
        return { status: 400, type: 'invalid_request_error', message: 'prompt is too long: 210000 tokens' };
      return finish;
    });
    expect(seal?.end).toBe('finished');
    const after = JSON.stringify(gateway.modelRequests.at(-1)?.body.messages);
    expect(after).toContain('dropped to make room');
    expect(after.length).toBeLessThan(JSON.stringify(gateway.modelRequests[4]?.body.messages).length);
    expect(after).toContain('Fix two.');
  });

  test('what is measured as nearly full is trimmed before it is refused', async () => {
    await work((index) => {
      const reply = big(`b${index}`);
      if (index < 3 && 'blocks' in reply) return { ...reply, inputTokens: index === 2 ? 90_000 : 1_000 };
      return finish;
    });
    expect(JSON.stringify(gateway.modelRequests.at(-1)?.body.messages)).toContain('dropped to make room');
  });

  test('where nothing can be dropped the round ends as `context`', async () => {
    const seal = await work(() => ({ status: 413, type: 'request_too_large' }));
    expect(seal?.end).toBe('context');
  });
});
