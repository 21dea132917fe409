import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DELIMITER, FLUSH, parseCommandRequest, pktLine } from '../../../src/gateway/git-read/pkt-line.ts';

const bytes = (...parts: string[]): Buffer => Buffer.from(parts.join(''), 'latin1');

describe('packet lines', () => {
  it('parse into capabilities and arguments, without final newlines', () => {
    const request = bytes(pktLine('command=fetch'), DELIMITER, pktLine('done\n'), pktLine('deepen 1'), FLUSH);
    expect(parseCommandRequest(request)).toEqual({
      capabilities: ['command=fetch'],
      args: ['done', 'deepen 1'],
    });
  });

  it('parse without a delimiter, and with bytes beyond ASCII as they are', () => {
    expect(parseCommandRequest(bytes(pktLine('agent=\xff'), FLUSH))).toEqual({
      capabilities: ['agent=\xff'],
      args: [],
    });
  });

  it.each([
    ['nothing', []],
    ['no flush at the end', [pktLine('command=fetch')]],
    ['a second request behind the flush', [pktLine('a'), FLUSH, pktLine('b'), FLUSH]],
    ['two flushes', [FLUSH, FLUSH]],
    ['bytes behind the flush', [pktLine('a'), FLUSH, 'x']],
    ['two delimiters', [pktLine('a'), DELIMITER, DELIMITER, FLUSH]],
    ['a response-end packet', [pktLine('a'), '0002', FLUSH]],
    ['an empty line', ['0004', FLUSH]],
    ['a length under four', ['0003', FLUSH]],
    ['an upper-case length', ['000A', 'abcdef', FLUSH]],
    ['a length that is no number', ['zzzz', FLUSH]],
    ['a signed length', ['+00a', 'abcdef', FLUSH]],
    ['a line that is longer than the body', ['00ff', 'short']],
    ['a cut length', [pktLine('a'), '00']],
    ['too many lines', [...Array.from({ length: 70 }, () => pktLine('a')), FLUSH]],
  ])('refuse %s', (_, parts) => {
    expect(parseCommandRequest(bytes(...parts))).toBeNull();
  });

  it('survive random bytes: each is refused, or means exactly what was sent', () => {
    for (let run = 0; run < 2_000; run += 1) {
      const noise = randomBytes(run % 60).toString('latin1');
      const request = bytes(pktLine('command=fetch'), DELIMITER, noise, FLUSH);
      const parsed = parseCommandRequest(request);
      if (parsed === null) continue;
      const again = [...parsed.capabilities.map(pktLine), DELIMITER, ...parsed.args.map(pktLine), FLUSH].join(
        '',
      );
      expect(again.length).toBeLessThanOrEqual(request.length);
      expect(parsed.capabilities).toEqual(['command=fetch']);
    }
  });

  it('give back every request that is built of well-formed lines, whatever the lines hold', () => {
    for (let run = 0; run < 500; run += 1) {
      const args = Array.from({ length: run % 7 }, () => `x${randomBytes(run % 40).toString('hex')}\xfe`);
      const request = bytes(pktLine('command=fetch'), DELIMITER, ...args.map(pktLine), FLUSH);
      expect(parseCommandRequest(request)).toEqual({ capabilities: ['command=fetch'], args });
    }
  });
});
