/** The scripted model speaks the protocol that Anthropic's own client expects, and fails as real upstreams do. */
import Anthropic, { APIError } from '@anthropic-ai/sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { bash, finish, type ScriptStep, say } from '../../demo/model/script.ts';
import { type ScriptedModel, startScriptedModel } from '../../demo/model/scripted-model.ts';

const ANSWERS: ScriptStep[] = [
  say('Two at once, with "quotes" and ünïcode.', bash('ls'), bash('echo "a\\nb"')),
  (outcomes) => say(outcomes.map((it) => `${it.text}/${it.isError}`).join(' '), finish('done')),
];
let model: ScriptedModel | null = null;

afterEach(async () => {
  await model?.close();
  model = null;
});

async function start(options: Parameters<typeof startScriptedModel>[1] = {}): Promise<Anthropic> {
  model = await startScriptedModel(ANSWERS, { apiKey: 'key', models: ['m'], ...options });
  return new Anthropic({ apiKey: 'key', baseURL: model.url, maxRetries: 0 });
}

const user = (content: Anthropic.MessageParam['content']): Anthropic.MessageParam => ({
  role: 'user',
  content,
});
const params = { model: 'm', max_tokens: 1_000, messages: [user('go')] };

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error,
  );
}

describe('the scripted model', () => {
  it('answers the same as JSON and as a stream, parallel calls included', async () => {
    const client = await start();
    const whole = await client.messages.create(params);
    const streamed = await client.messages.stream(params).finalMessage();
    expect(streamed.stop_reason).toBe('tool_use');
    expect(streamed.content.map((block) => block.type)).toEqual(['text', 'tool_use', 'tool_use']);
    const calls = (content: Anthropic.ContentBlock[]): unknown[] =>
      content.map((block) => (block.type === 'tool_use' ? block.input : block.type));
    expect(calls(streamed.content)).toEqual(calls(whole.content));
    expect(streamed.usage.output_tokens).toBe(whole.usage.output_tokens);
  });

  it('gives a repeated request the same turn, and the next turn what the tools said', async () => {
    const client = await start();
    const first = await client.messages.create(params);
    const ids = first.content.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []));
    expect(new Set(ids).size).toBe(2);
    const results = ids.map((id, index) => ({
      type: 'tool_result' as const,
      tool_use_id: id,
      content: `result ${index}`,
      is_error: index === 1,
    }));
    const messages = [
      ...params.messages,
      { role: 'assistant' as const, content: first.content },
      user(results),
    ];
    const next = await client.messages.create({ ...params, messages });
    expect(next.content[0]).toMatchObject({ type: 'text', text: 'result 0/false result 1/true' });
  });

  it('counts the whole prompt, and lists its models', async () => {
    const client = await start();
    const { input_tokens } = await client.messages.countTokens({ model: 'm', messages: params.messages });
    expect(input_tokens).toBeGreaterThan(0);
    expect((await client.models.list()).data.map((it) => it.id)).toEqual(['m']);
  });

  it('refuses another key', async () => {
    await start();
    const other = new Anthropic({ apiKey: 'other', baseURL: model?.url ?? '', maxRetries: 0 });
    expect(await errorOf(other.messages.create(params))).toMatchObject({ status: 401 });
  });

  it.each([
    [529, 'overloaded_error'],
    [402, 'billing_error'],
    [429, 'rate_limit_error'],
  ])('fails once with %d and its type, then goes on', async (status, type) => {
    const client = await start();
    model?.failNext({ kind: 'status', status, headers: { 'retry-after': '3' } });
    const error = await errorOf(client.messages.create(params));
    expect(error).toMatchObject({ status, error: { error: { type } } });
    expect(error instanceof APIError ? error.headers?.get('retry-after') : null).toBe('3');
    expect((await client.messages.create(params)).stop_reason).toBe('tool_use');
  });

  it('cuts a stream so that it looks cut', async () => {
    const client = await start();
    model?.failNext({ kind: 'cut' });
    expect(await errorOf(client.messages.stream(params).finalMessage())).toBeInstanceOf(Error);
  });

  it('sends a slow stream whole', async () => {
    const client = await start();
    model?.failNext({ kind: 'slow', perEventMs: 2 });
    expect((await client.messages.stream(params).finalMessage()).stop_reason).toBe('tool_use');
  });
});
