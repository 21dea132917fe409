/**
 * How long a launched job may wait for the platform (a node, a quota) before the controller gives it up, in milliseconds.
 * Waiting eats nothing of a job's own time: an adapter counts `deadlineMs` from the moment its first phase may run, and a
 * platform's timer that starts earlier is set later by this much.
 */
export const WAIT_PATIENCE_MS = 30 * 60_000;

/** How long a node may try to start a sandbox in vain before another one is tried, in milliseconds. */
export const START_PATIENCE_MS = 10 * 60_000;
