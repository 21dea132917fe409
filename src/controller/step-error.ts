/** What a step's error means for its task: somebody else moved the record, it passes by itself, or it is a defect. */
import { GloveboxError } from '../shared/errors.ts';

const OVERTAKEN: ReadonlySet<string> = new Set(['record-moved', 'job-closed', 'round-over', 'place-taken']);
/** Connection lost, shutting down, serialisation, deadlock, out of resources; then the operating system's names. */
const PASSING_SQL_STATE = /^(08|57P|40001|40P01|53)/;
const PASSING_SYSTEM = /^(ECONN|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN)/;

/** Decide again from a fresh record. */
export function isOvertaken(error: unknown): boolean {
  return error instanceof GloveboxError && OVERTAKEN.has(error.code);
}

/** The same step may succeed later without anybody acting. */
export function isPassing(error: unknown): boolean {
  if (error instanceof GloveboxError) return error.retry;
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false;
  return PASSING_SQL_STATE.test(error.code) || PASSING_SYSTEM.test(error.code);
}
