/**
 * Writes deliveries together that arrive together: while one statement is under way, later ones gather for the next.
 * Each caller waits until its own row is stored. Row by row, the door took half of what a bare Probot handler takes.
 */
import type { NewDelivery } from '../task/store/insert-delivery.ts';

const MAX_ROWS = 64;

/** Stores one delivery; rejects when it could not be stored. */
export type StoreDelivery = (delivery: NewDelivery) => Promise<void>;

type InsertAll = (deliveries: readonly NewDelivery[]) => Promise<void>;

interface Waiting {
  readonly delivery: NewDelivery;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** `insert` stores all of a list or none. A list that fails is tried one by one, so that one row spoils no other. */
export function createDeliveryWriter(
  insert: (deliveries: readonly NewDelivery[]) => Promise<void>,
): StoreDelivery {
  let waiting: Waiting[] = [];
  let isWriting = false;

  async function writeAll(): Promise<void> {
    isWriting = true;
    while (waiting.length > 0) {
      const batch = takeBatch();
      await writeTogether(insert, batch);
    }
    isWriting = false;
  }

  /** The oldest rows, each id once: a statement cannot touch a row twice. */
  function takeBatch(): readonly Waiting[] {
    const ids = new Set<string>();
    const batch: Waiting[] = [];
    const later: Waiting[] = [];
    for (const one of waiting) {
      const fits = batch.length < MAX_ROWS && !ids.has(one.delivery.id);
      (fits ? batch : later).push(one);
      if (fits) ids.add(one.delivery.id);
    }
    waiting = later;
    return batch;
  }

  return (delivery) =>
    new Promise((resolve, reject) => {
      waiting.push({ delivery, resolve, reject });
      if (!isWriting) void writeAll();
    });
}

async function writeTogether(insert: InsertAll, batch: readonly Waiting[]): Promise<void> {
  const error = await failureOf(insert, batch);
  if (error === null) for (const { resolve } of batch) resolve();
  else if (batch.length === 1) batch[0]?.reject(error.cause);
  else for (const one of batch) await writeTogether(insert, [one]);
}

async function failureOf(insert: InsertAll, batch: readonly Waiting[]): Promise<{ cause: unknown } | null> {
  try {
    await insert(batch.map(({ delivery }) => delivery));
    return null;
  } catch (cause) {
    return { cause };
  }
}
