import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readJsonBody } from '../../src/gateway/read-body.ts';
import { Refusal } from '../../src/gateway/refusal.ts';

const schema = z.strictObject({ text: z.string() });
type Body = string | Uint8Array<ArrayBuffer> | null;
const json = { 'content-type': 'application/json' };

async function refusalOf(request: Request, maxBytes = 1_000): Promise<string> {
  try {
    await readJsonBody(request, { schema, maxBytes });
    return 'taken';
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return [error.code, error.reason, ...(error.detail === null ? [] : [error.detail])].join(': ');
  }
}

const LONG_BYTES = 20_000_000;
const DEEP = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
const BOMB = new Uint8Array(gzipSync(Buffer.alloc(LONG_BYTES, ' ')));

/** A body of 20 MB that nobody announced, and what became of it. */
function longBody() {
  const seen = { sentBytes: 0, isCancelled: false };
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (seen.sentBytes >= LONG_BYTES) return controller.close();
      seen.sentBytes += 100;
      controller.enqueue(new Uint8Array(100).fill(0x20));
    },
    cancel: () => {
      seen.isCancelled = true;
    },
  });
  const init = { method: 'POST', headers: json, body, duplex: 'half' } as const;
  return { request: new Request('http://gateway/', init), seen };
}

function post(body: Body, headers: Record<string, string> = json): Request {
  return new Request('http://gateway/', { method: 'POST', headers, body });
}

describe('a JSON body', () => {
  it.each<[string, Record<string, string>]>([
    ['plain', json],
    ['with a charset', { 'content-type': 'application/json; charset=utf-8' }],
    ['said not to be encoded', { ...json, 'content-encoding': 'identity' }],
  ])('is taken %s', async (_, headers) => {
    expect(await readJsonBody(post('{"text":"ä"}', headers), { schema, maxBytes: 1_000 })).toEqual({
      text: 'ä',
    });
  });

  it.each<[string, Body, Record<string, string>, string]>([
    [
      'another content type',
      '{"text":"a"}',
      { 'content-type': 'text/plain' },
      'invalid: content-type is not application/json',
    ],
    [
      'a content type that begins alike',
      '{"text":"a"}',
      { 'content-type': 'application/jsonp' },
      'invalid: content-type is not application/json',
    ],
    [
      'an encoding',
      '{"text":"a"}',
      { ...json, 'content-encoding': 'gzip' },
      'invalid: body has a content-encoding',
    ],
    ['nothing', null, json, 'invalid: body is not JSON'],
    ['half of it', '{"text":', json, 'invalid: body is not JSON'],
    ['two of it', '{"text":"a"}{"text":"a"}', json, 'invalid: body is not JSON'],
    ['depth without end', '['.repeat(500_000), json, 'too-large: body over 1000 bytes'],
    ['bytes that are not UTF-8', new Uint8Array([0x22, 0xff, 0x22]), json, 'invalid: body is not UTF-8'],
    ['an unknown key', '{"text":"a","verified":true}', json, 'invalid: body: (whole) unrecognized_keys'],
    ['a prototype', '{"text":"a","__proto__":{}}', json, 'invalid: body: (whole) unrecognized_keys'],
    ['a wrong type', '{"text":7}', json, 'invalid: body: text invalid_type'],
  ])('is refused with %s', async (_, body, headers, refusal) => {
    expect(await refusalOf(post(body, headers))).toBe(refusal);
  });

  it('is refused by its announced length before a byte is read', async () => {
    const request = post('{}', { ...json, 'content-length': '1001' });
    expect(await refusalOf(request)).toBe('too-large: content-length over 1000 bytes');
    expect(request.bodyUsed).toBe(false);
  });

  it('is refused at the byte that is too many, and the rest is not read', async () => {
    const { request, seen } = longBody();
    expect(await refusalOf(request)).toBe('too-large: body over 1000 bytes');
    expect(seen.isCancelled).toBe(true);
    expect(seen.sentBytes).toBeLessThan(2_000);
  });

  it('is refused when it breaks off', async () => {
    const broken = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error('socket hang up')),
    });
    const request = new Request('http://gateway/', {
      method: 'POST',
      headers: json,
      body: broken,
      duplex: 'half',
    });
    expect(await refusalOf(request)).toBe('invalid: body broke off or cannot be decoded');
  });

  it('deep nesting within the bound is refused as not of the form, not by a crash', async () => {
    expect(await refusalOf(post(DEEP), 1_000_000)).toMatch(/^invalid: body/);
  });

  it('a bomb is refused compressed, before it is opened', async () => {
    expect(BOMB.length).toBeLessThan(100_000);
    expect(await refusalOf(post(BOMB, { ...json, 'content-encoding': 'gzip' }), 100_000)).toBe(
      'invalid: body has a content-encoding',
    );
  });
});

describe('the same bodies in plain hands (counter-tests)', () => {
  it('one without an end is read as long as it comes', async () => {
    const { request, seen } = longBody();
    expect((await request.text()).length).toBe(LONG_BYTES);
    expect(seen.sentBytes).toBe(LONG_BYTES);
  });

  it('a bomb of some kilobytes becomes megabytes', async () => {
    const opened = new Response(BOMB).body?.pipeThrough(new DecompressionStream('gzip'));
    expect((await new Response(opened).bytes()).length).toBe(LONG_BYTES);
  });

  it('deep nesting overflows whoever walks it without a schema of its own depth', () => {
    expect(() => JSON.stringify(JSON.parse(DEEP))).toThrow(RangeError);
    expect(() => z.json().safeParse(JSON.parse(DEEP))).toThrow(RangeError);
  });
});
