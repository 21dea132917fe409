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
    let sent = 0;
    let isCancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 100;
        controller.enqueue(new Uint8Array(100).fill(0x20));
      },
      cancel: () => {
        isCancelled = true;
      },
    });
    const request = new Request('http://gateway/', {
      method: 'POST',
      headers: json,
      body: endless,
      duplex: 'half',
    });
    expect(await refusalOf(request)).toBe('too-large: body over 1000 bytes');
    expect(isCancelled).toBe(true);
    expect(sent).toBeLessThan(2_000);
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
    const deep = post(`${'['.repeat(200_000)}${']'.repeat(200_000)}`);
    expect(await refusalOf(deep, 1_000_000)).toMatch(/^invalid: body/);
  });
});
