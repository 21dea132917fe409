/** Identifiers, all made from injected randomness so that tests can name them. */
import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';

const TASK_ALPHABET = '23456789abcdefghjkmnpqrstuvwxyz';

/** Task id: 6 characters, digits and lower-case letters without 0, 1, i, l, o; read aloud without mistakes. */
export const TaskId = z.string().regex(/^[2-9a-hjkmnp-z]{6}$/);
export type TaskId = z.infer<typeof TaskId>;

/** Source of random bytes, injected. */
export type RandomBytes = (size: number) => Uint8Array;

/** The machine's own cryptographic randomness. */
export const systemRandom: RandomBytes = (size) => randomBytes(size);

/** A fresh task id; the caller's unique key decides whether it is free (887 million exist). */
export function newTaskId(random: RandomBytes): TaskId {
  let id = '';
  while (id.length < 6) {
    const byte = random(1)[0] ?? 255;
    if (byte < TASK_ALPHABET.length * 8) id += TASK_ALPHABET[byte % TASK_ALPHABET.length];
  }
  return id;
}

/** What names one job: the full key is hashed, never cut. */
export interface JobKey {
  readonly taskId: TaskId;
  readonly attempt: number;
  readonly round: number;
  readonly kind: 'work' | 'verify';
  /** Counts re-launches within the round, from 1; a name is never used again. */
  readonly number: number;
}

/** Deterministic job name, a DNS label: `gb-7k2m9q-work-3f9a0c1b2d`. */
export function jobName(key: JobKey): string {
  const full = `${key.taskId}/${key.attempt}/${key.round}/${key.kind}/${key.number}`;
  return `gb-${key.taskId}-${key.kind}-${createHash('sha256').update(full).digest('hex').slice(0, 10)}`;
}

/** A job's name, unanchored, to stand inside other patterns. */
export const JOB_NAME = /gb-[2-9a-hjkmnp-z]{6}-(?:work|verify)-[0-9a-f]{10}/;

/** Branch of one attempt: `glovebox/42-7k2m9q`, later attempts `glovebox/42-7k2m9q-2`. */
export function branchName(issueNumber: number, taskId: TaskId, attempt: number): string {
  return `glovebox/${issueNumber}-${taskId}${attempt > 1 ? `-${attempt}` : ''}`;
}
