import { describe, expect, it } from 'vitest';
import { StoredChunks } from '../../../src/gateway/transcript/stored-chunks.ts';

const chunk = (digest: string) => ({ digest, text: `text of ${digest}` });

describe('texts that are stored', () => {
  it('are kept until a transaction that began after them is on disk', () => {
    const stored = new StoredChunks(10);
    const [first, second] = [chunk('a'), chunk('b')];
    stored.wrote([first], 'life');
    const mark = stored.mark();
    stored.wrote([second], 'life');
    expect([stored.has('a'), first.text]).toEqual([false, 'text of a']);
    stored.confirm(mark, 'life');
    expect([stored.has('a'), first.text]).toEqual([true, null]);
    expect([stored.has('b'), second.text]).toEqual([false, 'text of b']);
    stored.confirm(stored.mark(), 'life');
    expect([stored.has('b'), second.text]).toEqual([true, null]);
  });

  it('are kept, to be written again, when the database lost its last second in between', () => {
    const stored = new StoredChunks(10);
    const lost = chunk('a');
    stored.wrote([lost], 'life');
    stored.confirm(stored.mark(), 'next life');
    stored.confirm(stored.mark(), null);
    expect([stored.has('a'), lost.text]).toEqual([false, 'text of a']);
  });

  it('are confirmed by the later of two transactions, in whatever order they end', () => {
    const stored = new StoredChunks(10);
    stored.wrote([chunk('a')], 'life');
    const early = stored.mark();
    stored.wrote([chunk('b')], 'life');
    const late = stored.mark();
    stored.confirm(late, 'life');
    stored.confirm(early, 'life');
    stored.wrote([chunk('c')], 'life');
    expect(['a', 'b', 'c'].map((digest) => stored.has(digest))).toEqual([true, true, false]);
    expect(stored.mark()).toBe(late + 1);
  });
});
