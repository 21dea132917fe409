/**
 * The conversation that a further round goes on from: the longest chain in which each request extends the one before,
 * with its last answer. Only `messages`: system prompt and tools are sent anew, and all of this is hostile text.
 */
import type { Db } from '../../task/open-database.ts';
import { type LoadedCall, loadCalls, loadTexts } from './load-calls.ts';

/** Messages in order, without cache marks; empty where nothing was recorded. */
export async function readConversation(
  db: Db,
  { taskId, attempt }: { readonly taskId: string; readonly attempt: number },
): Promise<readonly unknown[]> {
  const last = endOfLongestChain(await loadCalls(db, { taskId, attempt }));
  if (last === null) return [];
  const digests = [...last.messages, ...(last.answer === null ? [] : [last.answer])];
  const texts = await loadTexts(db, digests);
  return digests.map((digest) => texts.get(digest));
}

/**
 * The call that ends the longest chain: a call follows an earlier one when its messages begin with all of that one's.
 * Of equally long chains the later one.
 */
function endOfLongestChain(calls: readonly LoadedCall[]): LoadedCall | null {
  const answered = calls.filter((call) => call.answer !== null);
  const lengths: number[] = [];
  let best: LoadedCall | null = null;
  let bestLength = 0;
  for (const [index, call] of answered.entries()) {
    const before = lengths.filter((_, earlier) => isExtended(answered[earlier], call));
    const length = 1 + Math.max(0, ...before);
    lengths.push(length);
    if (length >= bestLength) {
      best = answered[index] ?? null;
      bestLength = length;
    }
  }
  return best;
}

function isExtended(earlier: LoadedCall | undefined, call: LoadedCall): boolean {
  if (earlier === undefined || earlier.messages.length >= call.messages.length) return false;
  const last = earlier.messages.length - 1;
  // most pairs differ in the earlier one's last message, so look there first
  if (earlier.messages[last] !== call.messages[last]) return false;
  return earlier.messages.every((digest, index) => digest === call.messages[index]);
}
