/** What `glovebox ledger` prints: every scope that is open or of this period, and, where asked, every call. Pure but for its reads. */
import { formatMicro, type NanoUsd } from '../shared/money.ts';
import type { Db } from '../task/open-database.ts';
import { NO_CAP, periodScopeId } from './scopes-of.ts';

/** One scope's line; `cap` is null where there is none. */
export interface ScopeReport {
  readonly id: string;
  readonly name: string;
  readonly spentNanoUsd: NanoUsd;
  readonly reservedNanoUsd: NanoUsd;
  readonly capNanoUsd: NanoUsd | null;
}

/** One call's line. */
export interface CallReport {
  readonly at: string;
  readonly task: string | null;
  readonly round: number | null;
  readonly model: string;
  readonly state: string;
  readonly nanoUsd: NanoUsd;
  readonly flags: readonly string[];
  readonly requestId: string;
  readonly upstreamRequestId: string | null;
}

/** Scopes of today and this month, and of tasks: all that are not ended, and those that ended today. */
export async function readScopes(db: Db, nowMs: number): Promise<readonly ScopeReport[]> {
  const day = periodScopeId('', 'day', nowMs);
  const month = periodScopeId('', 'month', nowMs);
  const rows = await db.selectFrom('ledger_scope').selectAll().orderBy('id').execute();
  const current = rows.filter(({ id }) => id.startsWith('task:') || id.endsWith(day) || id.endsWith(month));
  const repositories = await readRepositories(db);
  const shown = await readShownTasks(db, nowMs);
  return current
    .filter(({ id }) => shown(id))
    .map((row) => ({
      id: row.id,
      name: scopeTitle(row.id, repositories),
      spentNanoUsd: row.spent_nano_usd,
      reservedNanoUsd: row.reserved_nano_usd,
      capNanoUsd: row.cap_nano_usd === NO_CAP ? null : row.cap_nano_usd,
    }));
}

async function readRepositories(db: Db): Promise<ReadonlyMap<string, string>> {
  const rows = await db.selectFrom('task').select(['repository_id', 'owner', 'repo']).distinct().execute();
  return new Map(rows.map((row) => [String(row.repository_id), `${row.owner}/${row.repo}`]));
}

/** Tasks that ended before today are left out; a task that the record does not know (standalone) is shown. */
async function readShownTasks(db: Db, nowMs: number): Promise<(scopeId: string) => boolean> {
  const today = new Date(nowMs - (nowMs % 86_400_000));
  const rows = await db.selectFrom('task').select('id').where('ended_at', '<', today).execute();
  const old = new Set(rows.map((row) => `task:${row.id}`));
  return (scopeId) => !old.has(scopeId);
}

/** `repository octo-org/clock, day` for `repository:7:day:2026-11-21`. */
function scopeTitle(id: string, repositories: ReadonlyMap<string, string>): string {
  const [kind = '', name = '', period] = id.split(':');
  const title = kind === 'repository' ? (repositories.get(name) ?? name) : name;
  return period === undefined ? `${kind} ${title}` : `${kind} ${title}, ${period}`;
}

/** Every call, the oldest first; of one task where given. */
export async function readCalls(db: Db, taskId?: string): Promise<readonly CallReport[]> {
  const query = db.selectFrom('ledger_row').selectAll().orderBy('created_at').orderBy('id');
  const rows = await (taskId === undefined ? query : query.where('task_id', '=', taskId)).execute();
  return rows.map((row) => ({
    at: row.created_at.toISOString(),
    task: row.task_id,
    round: row.round,
    model: row.model,
    state: row.state,
    nanoUsd: row.settled_nano_usd ?? row.reserved_nano_usd,
    flags: row.flags,
    requestId: row.request_id,
    upstreamRequestId: row.upstream_request_id,
  }));
}

/** The table of scopes; every line ends in a line break. */
export function formatScopes(scopes: readonly ScopeReport[]): string {
  if (scopes.length === 0) return 'Nothing was spent or reserved yet.\n';
  const width = Math.max('Scope'.length, ...scopes.map((scope) => scope.name.length));
  const line = (name: string, cells: readonly [string, string, string]) =>
    `${name.padEnd(width)}${cells.map((cell, index) => cell.padStart([10, 13, 11][index] ?? 11)).join('')}\n`;
  const head = line('Scope', ['Spent $', 'Reserved $', 'Cap $']);
  const rows = scopes.map((scope) =>
    line(scope.name, [
      formatMicro(scope.spentNanoUsd),
      formatMicro(scope.reservedNanoUsd),
      scope.capNanoUsd === null ? 'none' : formatMicro(scope.capNanoUsd).slice(0, -4),
    ]),
  );
  return head + rows.join('');
}

/** The list of calls, one a line. */
export function formatCalls(calls: readonly CallReport[]): string {
  return calls
    .map((call) => {
      const flags = call.flags.length === 0 ? '' : `  ${call.flags.join(', ')}`;
      const time = call.at.slice(0, 19).replace('T', ' ');
      return `${time}  ${call.task ?? '-'}  ${call.model}  ${call.state.padEnd(8)}  ${formatMicro(call.nanoUsd)}  ${call.requestId}${flags}\n`;
    })
    .join('');
}
