/**
 * How many bytes of bodies one job may have us parse, or look through for secrets. The largest change set costs 0.45 s of
 * this process's only thread (measured: 28 MB of JSON), so a sandbox that uploads without end would hold up all others.
 */
import type { Clock } from '../shared/clock.ts';
import { Refusal } from './refusal.ts';

/** What a job has at once, and what comes back to it. */
export interface ByteBudgetRule {
  readonly burstBytes: number;
  readonly bytesPerSecond: number;
}

/** The accounts of all jobs in this process. */
export interface ByteBudget {
  /** False while the job has used more than it has. */
  isOpen(jobName: string): boolean;
  /** Error: `Refusal` `unavailable` while it is not open. Comes before a body is read. */
  require(jobName: string): void;
  /** Takes what was read from the job's account, which may fall below zero. */
  charge(jobName: string, bytes: number): void;
}

interface Account {
  readonly bytes: number;
  readonly at: number;
}

const MAX_ACCOUNTS = 10_000;

/** Builds the accounts; each begins full. */
export function createByteBudget(clock: Clock, rule: ByteBudgetRule): ByteBudget {
  const accounts = new Map<string, Account>();
  const balance = (jobName: string): number => {
    const account = accounts.get(jobName);
    if (!account) return rule.burstBytes;
    const returned = ((clock.now() - account.at) / 1_000) * rule.bytesPerSecond;
    return Math.min(rule.burstBytes, account.bytes + returned);
  };
  const isOpen = (jobName: string): boolean => balance(jobName) > 0;
  return {
    isOpen,
    require(jobName) {
      if (!isOpen(jobName)) throw new Refusal('unavailable', 'too many bytes');
    },
    charge(jobName, bytes) {
      const left = balance(jobName) - bytes;
      if (accounts.size >= MAX_ACCOUNTS) accounts.clear();
      accounts.set(jobName, { bytes: left, at: clock.now() });
    },
  };
}
