/** Deliveries that arrive together are written together; nobody is answered before their own row is stored. */
import { describe, expect, it } from 'vitest';
import type { NewDelivery } from '../../src/task/store/insert-delivery.ts';
import { createDeliveryWriter } from '../../src/webhook/delivery-writer.ts';

const delivery = (id: string): NewDelivery => ({
  id,
  event: 'issues',
  action: 'labeled',
  installationId: 1,
  repositoryId: 2,
  payload: '{}',
});

/** A store that is slow until told otherwise, and refuses the ids it is given. */
function slowStore(refused: readonly string[] = []) {
  const lists: string[][] = [];
  const gates: (() => void)[] = [];
  const insert = async (rows: readonly NewDelivery[]): Promise<void> => {
    lists.push(rows.map(({ id }) => id));
    await new Promise<void>((open) => gates.push(open));
    if (rows.some(({ id }) => refused.includes(id)))
      throw new Error(`refused ${rows.map(({ id }) => id).join()}`);
  };
  const openAll = async (): Promise<void> => {
    for (let turn = 0; turn < 50; turn++) {
      gates.shift()?.();
      await Promise.resolve();
      await Promise.resolve();
    }
  };
  return { lists, insert, openAll, openNext: () => gates.shift()?.() };
}

describe('the delivery writer', () => {
  it('writes the first at once and gathers the rest for the next statement', async () => {
    const { lists, insert, openAll } = slowStore();
    const store = createDeliveryWriter(insert);
    const all = ['a', 'b', 'c', 'd'].map((id) => store(delivery(id)));
    await openAll();
    await Promise.all(all);
    expect(lists).toEqual([['a'], ['b', 'c', 'd']]);
  });

  it('answers nobody before their own row is stored', async () => {
    const { insert, openNext } = slowStore();
    const store = createDeliveryWriter(insert);
    const answered: string[] = [];
    const first = store(delivery('a')).then(() => answered.push('a'));
    const second = store(delivery('b')).then(() => answered.push('b'));
    expect(answered).toEqual([]);
    openNext();
    await first;
    expect(answered).toEqual(['a']);
    openNext();
    await second;
    expect(answered).toEqual(['a', 'b']);
  });

  it('lets one row that the store refuses spoil no other', async () => {
    const { insert, openAll } = slowStore(['c']);
    const store = createDeliveryWriter(insert);
    const all = Promise.allSettled(['a', 'b', 'c', 'd'].map((id) => store(delivery(id))));
    await openAll();
    expect((await all).map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
  });

  it('puts a redelivery that comes at the same time into a statement of its own', async () => {
    const { lists, insert, openAll } = slowStore();
    const store = createDeliveryWriter(insert);
    const all = ['a', 'b', 'b', 'c'].map((id) => store(delivery(id)));
    await openAll();
    await Promise.all(all);
    expect(lists).toEqual([['a'], ['b', 'c'], ['b']]);
  });

  it('goes on after a failure', async () => {
    const { insert, openAll } = slowStore(['a']);
    const store = createDeliveryWriter(insert);
    const failed = expect(store(delivery('a'))).rejects.toThrow('refused a');
    await openAll();
    await failed;
    const next = store(delivery('b'));
    await openAll();
    await expect(next).resolves.toBeUndefined();
  });
});
