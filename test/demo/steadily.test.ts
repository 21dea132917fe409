import { describe, expect, it } from 'vitest';
import { steadily } from '../../demo/steadily.ts';

const coded = (code: string): Error => Object.assign(new Error('no'), { code });

/** Fails with these errors, one after the other, then answers. */
function readAfter(errors: readonly Error[]): { read: () => Promise<string>; asked: () => number } {
  let asked = 0;
  return {
    asked: () => asked,
    read: async () => {
      const error = errors[asked];
      asked += 1;
      if (error) throw error;
      return 'the record';
    },
  };
}

describe('reading the record', () => {
  it.each([
    ['a forward that is being restored', coded('ECONNREFUSED')],
    ['a connection that was cut', new Error('Connection terminated unexpectedly')],
    [
      'a connection that broke before',
      new Error('Client has encountered a connection error and is not queryable'),
    ],
    ['a database that shuts down', coded('57P01')],
    ['a database that starts', coded('57P03')],
    ['one of these below another error', new Error('query failed', { cause: coded('ECONNRESET') })],
  ])('goes on after %s', async (_what, error) => {
    const { read, asked } = readAfter([error, error]);
    expect(await steadily(read)).toBe('the record');
    expect(asked()).toBe(3);
  });

  it.each([
    ['a wrong query', coded('42703')],
    ['an error of ours', new Error('no such task')],
  ])('ends at once with %s', async (_what, error) => {
    const { read, asked } = readAfter([error]);
    await expect(steadily(read)).rejects.toBe(error);
    expect(asked()).toBe(1);
  });
});
