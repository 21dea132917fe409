/** Ends a call: settles its row, records its transcript, remembers its prefix, and wakes who waits for the money. */

import { type RowEnd, release, settle } from '../../ledger/settle.ts';
import type { CallEnd, Settlement } from '../../ledger/settlement.ts';
import { settlementOf } from '../../ledger/settlement.ts';
import { readUsage } from '../../ledger/usage.ts';
import { usageJson } from '../../ledger/usage-record.ts';
import { type CallRecord, recordCall } from '../transcript/record-call.ts';
import type { StoredChunks } from '../transcript/stored-chunks.ts';
import type { Answer } from './assemble-answer.ts';
import type { CallsInFlight } from './calls-in-flight.ts';
import type { ModelDeps } from './model-deps.ts';
import { readMessage } from './read-message.ts';
import type { RecentCalls } from './recent-calls.ts';
import type { CallMoney, PaidCall } from './reserve-call.ts';
import type { Scrub } from './scrub-strings.ts';
import type { WaitLine } from './wait-line.ts';

export type FinishDeps = ModelDeps & {
  readonly line: WaitLine;
  readonly recent: RecentCalls;
  readonly calls: CallsInFlight;
  readonly stored: StoredChunks;
  readonly exactScrub: Scrub;
};

/** What the gateway saw of the answer; `status` is null where none came. */
export interface Seen {
  readonly status: number | null;
  readonly upstreamRequestId: string | null;
  readonly answer: Answer;
}

/**
 * Ends one dispatched call: what it came to counts for the task's next call at once, in memory; the record follows beside
 * it. Failures of the store are retried, then left to the lease's end. Resolves when that is over; never throws.
 */
export function finishCall(deps: FinishDeps, money: CallMoney, paid: PaidCall, seen: Seen): Promise<void> {
  const settlement = settlementOf(paid, endOf(deps, money, seen));
  logOdd(deps, money, settlement);
  const ended = writeOnce(deps, money, { paid, seen, settlement });
  deps.calls.settling(money.caller.taskId, { ended, binds: settlement.flags.includes('unpriced') });
  remember(deps, money, { seen, settlement, recorded: ended });
  return ended;
}

async function writeOnce(deps: FinishDeps, money: CallMoney, ended: Ended): Promise<void> {
  try {
    await write(deps, money, ended);
  } catch (error) {
    deps.log.error(
      { err: error, row: money.rowId },
      'call was not finished; where it is not settled, its lease will end it',
    );
  } finally {
    deps.calls.drop(money.rowId);
  }
}

/** Gives back the money of a call that was not sent. Never throws. */
export async function releaseCall(deps: FinishDeps, money: CallMoney, paid: PaidCall): Promise<void> {
  try {
    await withRetries(deps, () => release(deps.db, money.rowId));
    deps.line.moneyCameBack(paid.scopeIds);
  } catch (error) {
    deps.log.error({ err: error, row: money.rowId }, 'call was not released; its lease will end it');
  } finally {
    deps.calls.drop(money.rowId);
  }
}

function endOf(deps: FinishDeps, money: CallMoney, seen: Seen): CallEnd {
  if (seen.status !== null && seen.status >= 400) return { kind: 'refused' };
  if (seen.answer.usage === null) return { kind: 'cut', usage: null };
  const { hourCache, features } = money.request;
  try {
    const usage = readUsage(seen.answer.usage, { hourCache, priced: features });
    return { kind: seen.answer.complete ? 'metered' : 'cut', usage };
  } catch (error) {
    deps.log.warn({ err: error, row: money.rowId }, 'usage could not be read');
    return { kind: 'cut', usage: null };
  }
}

interface Ended {
  readonly paid: PaidCall;
  readonly seen: Seen;
  readonly settlement: Settlement;
}

/**
 * One statement for all of it, after that of the call it goes on from. Where that fails, the money comes first: a transcript
 * that cannot be kept holds none.
 */
async function write(deps: FinishDeps, money: CallMoney, ended: Ended): Promise<void> {
  const { paid, seen } = ended;
  await money.shared.parent?.recorded;
  const end = rowEnd(money, ended);
  const record = callRecord(deps, money, seen);
  const wake = () => deps.line.moneyCameBack(paid.scopeIds);
  try {
    await recordCall(deps, record, end);
    wake();
  } catch (error) {
    deps.log.warn({ err: error, row: money.rowId }, 'settling and recording at once failed');
    await withRetries(deps, () => settle(deps.db, end));
    wake();
    await recordCall(deps, record).catch((cause: unknown) => {
      deps.log.error(
        { err: cause, row: money.rowId },
        'call was settled, but its transcript was not recorded',
      );
      throw cause;
    });
  }
}

function rowEnd(money: CallMoney, { paid, seen, settlement }: Ended): RowEnd {
  return {
    rowId: money.rowId,
    state: settlement.state,
    nanoUsd: settlement.nanoUsd,
    usageJson: usageJson(settlement.tokens, paid.price),
    flags: settlement.flags,
    status: seen.status,
    upstreamRequestId: seen.upstreamRequestId,
  };
}

function callRecord(deps: FinishDeps, { rowId, caller, request, shared }: CallMoney, seen: Seen): CallRecord {
  const { message, id, stopReason } = seen.answer;
  return {
    id: rowId,
    taskId: caller.taskId,
    attempt: caller.attempt,
    round: caller.round,
    head: request.head,
    messages: request.messages,
    parent: shared.parent,
    // patterns were taken out of what the model read, so here only what is known exactly is looked for again
    answer: message === null ? null : readMessage(message, deps.exactScrub),
    answerId: id,
    stopReason,
  };
}

function remember(
  deps: FinishDeps,
  { rowId, caller, request }: CallMoney,
  { seen, settlement, recorded }: Omit<Ended, 'paid'> & { readonly recorded: Promise<void> },
): void {
  const { input, cacheRead, cacheWrite1h, cacheWrite5m } = settlement.tokens;
  deps.recent.remember(caller.taskId, {
    callId: rowId,
    headDigest: request.head.digest,
    messageDigests: request.messages.map((each) => each.digest),
    inputTokens:
      settlement.state === 'exact' && seen.status === 200
        ? input + cacheRead + cacheWrite1h + cacheWrite5m
        : null,
    recorded,
  });
}

function logOdd(deps: FinishDeps, money: CallMoney, settlement: Settlement): void {
  if (settlement.flags.includes('over-reserved')) {
    deps.log.error(
      { row: money.rowId, model: money.request.head.model },
      'call cost more than its reservation',
    );
  }
  if (settlement.flags.includes('unpriced')) {
    deps.log.error({ row: money.rowId, flags: settlement.flags }, 'answer names usage without a price');
  }
}

const RETRY_AFTER_MS = [200, 1_000, 3_000] as const;

async function withRetries(deps: FinishDeps, work: () => Promise<unknown>): Promise<void> {
  for (const waitMs of RETRY_AFTER_MS) {
    try {
      await work();
      return;
    } catch (error) {
      deps.log.warn({ err: error }, 'settling failed; trying again');
      await deps.clock.sleep(waitMs);
    }
  }
  await work();
}
