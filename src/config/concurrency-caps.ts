/** How many tasks may run at once, by the admin file: what the schedule goes by and what a queued task is told. */
import type { AdminConfig } from './admin-config.ts';

/** Where the file names no cap for all installations together. */
const ALL_PER_INSTALLATION = 4;

/** The three caps; a task starts when none of them is full. */
export function concurrencyCaps({ concurrency }: Pick<AdminConfig, 'concurrency'>): {
  readonly repository: number;
  readonly installation: number;
  readonly all: number;
} {
  const { repository, installation } = concurrency;
  return { repository, installation, all: concurrency.all ?? installation * ALL_PER_INSTALLATION };
}
