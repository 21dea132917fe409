/**
 * The calls that this process holds reservations for: renews their leases, settles what others lost, and on closing waits
 * until the last of them is settled. Also the bounds on how much one job, and all together, may hold at once.
 */
import { auditCalls, tasksToAudit } from '../../ledger/audit-calls.ts';
import { recoverLost, renewLeases } from '../../ledger/recover.ts';
import { HeldBytes } from './held-bytes.ts';
import type { ModelDeps } from './model-deps.ts';
import { Settlements } from './settlements.ts';

const MAX_REFUSED_KEPT = 10_000;

type FlightDeps = Pick<ModelDeps, 'db' | 'log' | 'limits'>;

/** Lifetime: until `close`, which cuts what is still in flight and resolves when all of it is settled. */
export class CallsInFlight {
  /** Bytes of their bodies. */
  readonly held: HeldBytes;
  private readonly deps: FlightDeps;
  private readonly rows = new Set<string>();
  private readonly settlements = new Settlements();
  private readonly perJob = new Map<string, number>();
  private readonly timer: NodeJS.Timeout;
  private readonly stop = new AbortController();
  private readonly refused = new Set<string>();

  constructor(deps: FlightDeps) {
    this.deps = deps;
    this.held = new HeldBytes(deps.limits);
    this.timer = setInterval(() => void this.tend(), deps.limits.leaseMs / 4);
    this.timer.unref();
  }

  /** Aborts when this process closes. */
  get closing(): AbortSignal {
    return this.stop.signal;
  }

  /** Renews our leases, then (not before: a store that was away let them run out) settles rows whose gateway is gone, and puts settled calls into their tasks' audit chains. */
  async tend(): Promise<void> {
    try {
      await renewLeases(this.deps.db, [...this.rows], this.deps.limits.leaseMs);
      await recoverLost(this.deps.db);
      for (const taskId of await tasksToAudit(this.deps.db)) await auditCalls(this.deps.db, taskId);
    } catch (error) {
      this.deps.log.error({ err: error }, 'ledger could not be tended');
    }
  }

  hold(rowId: string): void {
    this.rows.add(rowId);
  }

  drop(rowId: string): void {
    this.rows.delete(rowId);
  }

  /** False when this job has as many calls in flight as it may. */
  enter(jobName: string): boolean {
    const calls = this.perJob.get(jobName) ?? 0;
    if (calls >= this.deps.limits.callsPerJob) return false;
    this.perJob.set(jobName, calls + 1);
    return true;
  }

  leave(jobName: string): void {
    const calls = (this.perJob.get(jobName) ?? 1) - 1;
    if (calls > 0) this.perJob.set(jobName, calls);
    else this.perJob.delete(jobName);
  }

  /** True the first time that this is asked of a key; bounded, so a forgotten one may be first again. */
  isFirstRefusal(key: string): boolean {
    if (this.refused.has(key)) return false;
    if (this.refused.size >= MAX_REFUSED_KEPT) this.refused.clear();
    this.refused.add(key);
    return true;
  }

  /** Notes a settlement that is under way. One that binds found something that the task's next call may not pass. */
  settling(taskId: string, settlement: { readonly ended: Promise<void>; readonly binds: boolean }): void {
    this.settlements.add(taskId, settlement);
  }

  /** Resolves when the task's ended calls are settled: all of them, or those that bind. */
  settled(taskId: string, which: 'all' | 'binding'): Promise<void> {
    return this.settlements.settled(taskId, which);
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    this.stop.abort(new Error('the gateway stops'));
    while (this.rows.size > 0 || this.settlements.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
