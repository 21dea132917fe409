/** Ledger requests and row ends with plain defaults: output costs 1 nano-dollar a token, 2,000 tokens are asked. */
import type { ReserveRequest } from '../../src/ledger/decide-reservation.ts';
import type { RowEnd } from '../../src/ledger/settle.ts';
import { usageJson } from '../../src/ledger/usage-record.ts';

/** One nano-dollar for every kind of token. */
const UNIT_PRICE = {
  input: 1n,
  output: 1n,
  cacheWrite5m: 1n,
  cacheWrite1h: 1n,
  cacheRead: 1n,
  source: 'test',
  asOf: '2026-11-21',
};

export function reservation(changes: Partial<ReserveRequest>): ReserveRequest {
  return {
    rowId: 'row',
    requestId: 'request',
    taskId: null,
    jobName: null,
    attempt: 1,
    round: 1,
    model: 'claude-haiku-4-5',
    scopes: [],
    inputNanoUsd: 0n,
    outputNanoUsdPerToken: 1n,
    askedTokens: 2_000,
    floorTokens: 1_024,
    gateway: 'test',
    leaseMs: 60_000,
    ...changes,
  };
}

export function rowEnd(rowId: string, nanoUsd: bigint): RowEnd {
  const tokens = { input: 0, cacheWrite5m: 0, cacheWrite1h: 0, cacheRead: 0, output: 10 };
  return {
    rowId,
    state: 'exact',
    nanoUsd,
    usageJson: usageJson(tokens, UNIT_PRICE),
    flags: [],
    status: 200,
    upstreamRequestId: null,
  };
}
