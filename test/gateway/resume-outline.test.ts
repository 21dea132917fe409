import { describe, expect, it } from 'vitest';
import { type Outlined, outline, resumeOutline } from '../../src/gateway/model/json-spans.ts';

const TOOLS = [{ name: 'view', input_schema: { type: 'object' } }];

function message(text: string, mark = false): unknown {
  const block = { type: 'text', text };
  return { role: 'user', content: [mark ? { ...block, cache_control: { type: 'ephemeral' } } : block] };
}

function body(messages: readonly unknown[], changes: Record<string, unknown> = {}): Buffer {
  const { system = 'Be careful.', ...rest } = changes;
  return Buffer.from(
    JSON.stringify({ model: 'm', ...rest, messages, system, tools: TOOLS, max_tokens: 100, stream: true }),
  );
}

function outlined(bytes: Buffer): Outlined {
  return { bytes, outline: outline(bytes) };
}

const BEFORE = outlined(body([message('one'), message('två'), message('three', true)]));

describe('the outline of a body that goes on from an earlier one', () => {
  it.each<[string, Buffer, number]>([
    ['the same', BEFORE.bytes, 3],
    ['one message more', body([message('one'), message('två'), message('three', true), message('4')]), 3],
    ['the cache mark moved', body([message('one'), message('två'), message('three'), message('4', true)]), 2],
    ['a last message of its own', body([message('one'), message('två'), message('tvåa 🙂')]), 2],
    ['fewer messages', body([message('one')]), 1],
    ['a message in between', body([message('one'), message('x'), message('två')]), 1],
  ])('is that of the whole body: %s', (_name, bytes, shared) => {
    expect(resumeOutline(bytes, BEFORE)).toEqual({ outline: outline(bytes), shared });
  });

  it.each<[string, Buffer]>([
    ['another first message', body([message('two'), message('två')])],
    ['another model', body([message('one'), message('två')], { thinking: {} })],
    ['another system prompt', body([message('one'), message('två')], { system: 'Be quick.' })],
    ['no messages', body([])],
    ['messages that are no list', Buffer.from('{"model":"m","messages":7}')],
  ])('is not made where it does not go on: %s', (_name, bytes) => {
    expect(resumeOutline(bytes, BEFORE)).toBeNull();
  });

  it.each<[string, string]>([
    ['a key that stands twice in a new message', '{"role":"user","role":"user"}'],
    ['a new message without its end', '{"role":"user"'],
    ['something behind the last message', '{"role":"user"} {}'],
    ['bytes that are no UTF-8', '{"role":"\xff"}'],
  ])('is refused as the whole body is: %s', (_name, added) => {
    const text = body([message('one'), message('2')])
      .toString('latin1')
      .replace('"text":"2"}]}', `"text":"2"}]},${added}`);
    const bytes = Buffer.from(text, 'latin1');
    const before = outlined(body([message('one'), message('2')]));
    const invalid = expect.objectContaining({ code: 'json-invalid' });
    expect(() => outline(bytes)).toThrow(invalid);
    expect(() => resumeOutline(bytes, before)).toThrow(invalid);
  });

  it('does not take a number for whole whose digits go on', () => {
    const before = outlined(Buffer.from('{"messages":[1],"stream":true}'));
    expect(resumeOutline(Buffer.from('{"messages":[12],"stream":true}'), before)).toBeNull();
  });

  it('agrees with the whole reading wherever one byte is another one', () => {
    const next = body([message('one'), message('två'), message('three'), message('4', true)]);
    for (let at = 0; at < next.length; at += 1) {
      for (const byte of ['"', '}', ']', ',', 'x', '\\'].map((letter) => letter.charCodeAt(0))) {
        const bytes = Buffer.from(next);
        bytes[at] = byte;
        const whole = read(() => outline(bytes));
        const resumed = read(() => resumeOutline(bytes, BEFORE)?.outline ?? outline(bytes));
        expect(resumed).toEqual(whole);
      }
    }
  });
});

function read<Value>(work: () => Value): Value | 'invalid' {
  try {
    return work();
  } catch {
    return 'invalid';
  }
}
