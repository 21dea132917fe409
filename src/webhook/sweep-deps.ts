/** What both halves of the sweep are given, and how far and how often they look. */
import { GloveboxError } from '../shared/errors.ts';
import type { RandomBytes } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import type { Db } from '../task/open-database.ts';
import type { SweepGitHub } from './github.ts';

/** A webhook that is under way is not lost yet. */
export const GRACE_MS = 120_000;
/** Older losses are left: nobody waits for them any more, and GitHub keeps deliveries for three days only. */
export const REACH_MS = 2 * 24 * 3_600_000;
/** Sweeps that try what GitHub refuses before it is given up. */
export const MOST_TRIES = 12;

export interface SweepDeps {
  readonly db: Db;
  readonly github: SweepGitHub;
  readonly random: RandomBytes;
  readonly admin: {
    readonly label: string;
    readonly rateLimits: { readonly user: number; readonly repository: number };
  };
  readonly ownBotId: number;
  readonly wake: () => void;
  readonly onTask: (taskId: string) => void;
  readonly log: Log;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** As far back as a sweep ever looks. */
export function reach({ now }: Pick<SweepDeps, 'now'>): Date {
  return new Date(now() - REACH_MS);
}

/** True for a failure that may be over at the next sweep. */
export function mayPass(error: unknown): boolean {
  return error instanceof GloveboxError && error.retry;
}
