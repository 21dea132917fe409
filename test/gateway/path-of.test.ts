import { describe, expect, it } from 'vitest';
import { pathOf, targetOf } from '../../src/gateway/path-of.ts';

describe('the target of a request', () => {
  it.each([
    ['/v1/messages', '/v1/messages', '/v1/messages'],
    ['/v1/messages?beta=true', '/v1/messages', '/v1/messages?beta=true'],
    ['/v1/messages?a=/../b', '/v1/messages', '/v1/messages?a=/../b'],
    ['/v1/x/../messages?beta=true', '/v1/messages', '/v1/messages?beta=true'],
    ['/v1/%2e%2e/sandbox/spec', '/sandbox/spec', '/sandbox/spec'],
    ['/v1/../v1/messages#x', '/v1/messages', '/v1/messages'],
    ['http://elsewhere/v1/messages?b', '/v1/messages', '/v1/messages?b'],
    ['//elsewhere/v1/messages', '/v1/messages', '/v1/messages'],
    ['/v1/models/claude-haiku-4.5', '/v1/models/claude-haiku-4.5', '/v1/models/claude-haiku-4.5'],
    ['http://[', '/', '/'],
    [undefined, '/', '/'],
  ])('%j is the path %j, and %j when it is sent on', (target, path, sentOn) => {
    expect(pathOf(target)).toBe(path);
    expect(targetOf(target)).toBe(sentOn);
  });
});
