import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { replayUpstream } from '../../../src/gateway/model/replay-upstream.ts';
import { readConversation } from '../../../src/gateway/transcript/read-conversation.ts';
import { readTranscript, transcriptDigest } from '../../../src/gateway/transcript/read-transcript.ts';
import type { OpenStore } from '../../../src/task/open-database.ts';
import { question, startModelGateway, type TestGateway } from '../../fixtures/model-gateway.ts';
import { openTestStore, storeKinds } from '../../fixtures/test-store.ts';

type Message = { role: string; content: unknown };

describe.each(storeKinds)('transcripts on %s', (kind) => {
  let store: OpenStore;
  let gateway: TestGateway;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterEach(() => gateway.close());
  afterAll(() => store.close());

  /** A conversation whose newest user message carries the cache mark, as real clients move it along. */
  async function converse(turns: number, stream = true): Promise<{ taskId: string; messages: Message[] }> {
    const messages: Message[] = [];
    for (let turn = 0; turn < turns; turn += 1) {
      messages.push({ role: 'user', content: [{ type: 'text', text: `step ${turn}` }] });
      const sent = messages.map((message, index) =>
        index === messages.length - 1 ? marked(message) : message,
      );
      const input = { path: `src/file-${turn}.ts`, command: 'view' };
      const content = [
        { type: 'text', text: `Looking at file ${turn}.` },
        { type: 'tool_use', id: `toolu_${turn}`, name: 'editor', input },
      ];
      gateway.upstream.script({ content, stopReason: 'tool_use' });
      await (await gateway.post(question({ messages: sent, stream }))).text();
      messages.push({ role: 'assistant', content });
    }
    return { taskId: await lastTask(), messages };
  }

  const lastTask = async () => {
    await gateway.close();
    const row = await store.db
      .selectFrom('transcript_call')
      .innerJoin('ledger_row', 'ledger_row.id', 'transcript_call.id')
      .select('transcript_call.task_id')
      .orderBy('created_at', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow();
    return row.task_id;
  };

  it.each([true, false])(
    'gives the conversation back with its last answer (streamed: %s)',
    async (stream) => {
      gateway = await startModelGateway(store);
      const { taskId, messages } = await converse(4, stream);
      expect(await readConversation(store.db, { taskId, attempt: 1 })).toEqual(messages);
      expect(await readConversation(store.db, { taskId, attempt: 2 })).toEqual([]);
    },
  );

  it('stores each message once, whatever way its cache mark moves', async () => {
    gateway = await startModelGateway(store);
    const { taskId } = await converse(6);
    const calls = await readTranscript(store.db, { taskId });
    expect(calls.map((call) => call.messages.length)).toEqual([1, 2, 2, 2, 2, 2]);
    expect(calls.map((call) => call.inherited)).toEqual([0, 1, 3, 5, 7, 9]);
  });

  it('takes the longest chain, not the last call', async () => {
    gateway = await startModelGateway(store);
    const { messages } = await converseAndStay(3);
    await (await gateway.post(question({ messages: [{ role: 'user', content: 'a title, please' }] }))).text();
    const conversation = await readConversation(store.db, { taskId: await lastTask(), attempt: 1 });
    expect(conversation).toEqual(messages);
  });

  async function converseAndStay(turns: number): Promise<{ messages: Message[] }> {
    const messages: Message[] = [];
    for (let turn = 0; turn < turns; turn += 1) {
      messages.push({ role: 'user', content: `step ${turn}` });
      await (await gateway.post(question({ messages }))).text();
      messages.push({ role: 'assistant', content: [{ type: 'text', text: 'All done.' }] });
    }
    return { messages };
  }

  it('leaves out a cut answer and what came after it', async () => {
    gateway = await startModelGateway(store);
    const { messages } = await converseAndStay(2);
    gateway.upstream.script({ breakAfterEvents: 2 });
    const cut = await gateway.post(
      question({ messages: [...messages, { role: 'user', content: 'more' }], stream: true }),
    );
    await expect(cut.text()).rejects.toThrow();
    expect(await readConversation(store.db, { taskId: await lastTask(), attempt: 1 })).toEqual(messages);
  });

  it('settles a call whose transcript the store cannot hold, at its exact cost', async () => {
    gateway = await startModelGateway(store);
    gateway.upstream.script({ stopReason: 'end\u0000turn' });
    await (await gateway.post(question())).text();
    await gateway.close();
    const row = await store.db
      .selectFrom('ledger_row')
      .leftJoin('transcript_call', 'transcript_call.id', 'ledger_row.id')
      .select(['ledger_row.state', 'ledger_row.settled_nano_usd', 'transcript_call.id as recorded'])
      .orderBy('created_at', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow();
    expect(row).toMatchObject({ state: 'exact', recorded: null });
    expect(row.settled_nano_usd).toBeGreaterThan(0n);
    expect(gateway.logged.join('')).toContain('its transcript was not recorded');
  });

  it('has a digest that changes with every call', async () => {
    gateway = await startModelGateway(store);
    const { taskId } = await converse(2);
    const whole = await transcriptDigest(store.db, { taskId });
    expect(whole).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await transcriptDigest(store.db, { taskId, attempt: 2 })).not.toBe(whole);
  });

  const FORGED = Buffer.from('{"content":"forged","role":"assistant"}');

  /** A task with one recorded answer, and that answer's digest. */
  async function answered(): Promise<{ taskId: string; answer: Uint8Array }> {
    gateway = await startModelGateway(store);
    gateway.upstream.script({ text: 'a text that somebody will change later' });
    await (await gateway.post(question())).text();
    const taskId = await lastTask();
    const call = store.db.selectFrom('transcript_call').select('answer').where('task_id', '=', taskId);
    return { taskId, answer: (await call.executeTakeFirstOrThrow()).answer ?? Buffer.alloc(0) };
  }

  it('notices a text that was changed in the store; counter-test: read without its digest it is the forged one', async () => {
    const { taskId, answer } = await answered();
    await store.db
      .updateTable('transcript_chunk')
      .set({ bytes: FORGED, deflated: false })
      .where('digest', '=', answer)
      .execute();
    await expect(readConversation(store.db, { taskId, attempt: 1 })).rejects.toMatchObject({
      code: 'transcript-damaged',
    });
    const chunks = store.db.selectFrom('transcript_chunk').select('bytes').where('digest', '=', answer);
    expect(Buffer.from((await chunks.executeTakeFirstOrThrow()).bytes)).toEqual(FORGED);
  });

  it('shows one that was changed with its digest against the digest in the commit; counter-test: not without that', async () => {
    const { taskId } = await answered();
    const inCommit = await transcriptDigest(store.db, { taskId });
    const digest = createHash('sha256').update(FORGED).digest();
    await store.db
      .insertInto('transcript_chunk')
      .values({ digest, deflated: false, bytes: FORGED })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    await store.db
      .updateTable('transcript_call')
      .set({ answer: digest })
      .where('task_id', '=', taskId)
      .execute();
    expect((await readConversation(store.db, { taskId, attempt: 1 })).at(-1)).toEqual({
      content: 'forged',
      role: 'assistant',
    });
    expect(await transcriptDigest(store.db, { taskId })).not.toBe(inCommit);
  });

  it('replays a recorded task, streamed or not, and says so when a request differs', async () => {
    gateway = await startModelGateway(store);
    const { taskId } = await converse(3);
    const upstream = replayUpstream(await readTranscript(store.db, { taskId }));
    gateway = await startModelGateway(store, { upstream });
    const first = question({ messages: [{ role: 'user', content: [{ type: 'text', text: 'step 0' }] }] });
    expect(await (await gateway.post(first)).json()).toMatchObject({
      content: [{ text: 'Looking at file 0.' }, { input: { path: 'src/file-0.ts' } }],
      stop_reason: 'tool_use',
    });
    const other = await gateway.post(question({ messages: [{ role: 'user', content: 'step 7' }] }));
    expect([other.status, other.headers.get('x-should-retry')]).toEqual([404, 'false']);
    expect(await other.text()).toContain('matches none of the 2 recorded ones');
  });
});

function marked(message: Message): Message {
  const content = Array.isArray(message.content)
    ? message.content.map((block) => ({ ...block, cache_control: { type: 'ephemeral' } }))
    : message.content;
  return { ...message, content };
}
