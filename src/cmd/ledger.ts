/** `glovebox ledger [--json] [--calls]`: what was spent and reserved per scope, and each call. Reads only. */
import { formatCalls, formatScopes, readCalls, readScopes } from '../ledger/spent-report.ts';
import type { Clock } from '../shared/clock.ts';
import type { Db } from '../task/open-database.ts';

export interface LedgerDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly io: { readonly out: (text: string) => void };
}

export interface LedgerArgs {
  readonly json?: boolean | undefined;
  readonly calls?: boolean | undefined;
}

/** Prints the report. JSON is one object; amounts are nano-dollars as decimal strings, a missing cap is null. */
export async function ledgerCommand({ db, clock, io }: LedgerDeps, args: LedgerArgs): Promise<0> {
  const scopes = await readScopes(db, clock.now());
  const calls = args.calls === true ? await readCalls(db) : null;
  if (args.json === true) {
    io.out(`${JSON.stringify({ scopes, ...(calls === null ? {} : { calls }) }, bigintAsText)}\n`);
    return 0;
  }
  io.out(formatScopes(scopes));
  if (calls !== null && calls.length > 0) io.out(`\n${formatCalls(calls)}`);
  return 0;
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
