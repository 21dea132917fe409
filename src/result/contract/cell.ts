/**
 * Cells: one run of a check on {base, new} source and {base, new} tests, as verify records it and deliver uploads it.
 * Base cells ran before any byte of the agent's was in the pod; new cells are the change set's own claim.
 */
import { z } from 'zod';
import { Digest } from '../../shared/digest.ts';

/** Bytes of one upload of results; the runner leaves out messages, and says so, rather than send more. */
export const MAX_RESULT_BYTES = 32 * 1024 * 1024;

/** How a cell ended. `inert` exists for `kind: tests` only: nothing executed, or the command was not found. */
export const CellOutcome = z.enum(['passed', 'failed', 'timed-out', 'killed', 'inert']);
export type CellOutcome = z.infer<typeof CellOutcome>;

/** Which limit ended a cell; only when our limiter, the cgroup or the kubelet said so. */
export const LimitKind = z.enum(['memory', 'time', 'output', 'disk', 'processes']);
export type LimitKind = z.infer<typeof LimitKind>;

/** One test of a report. `id` joins suite and name with ` › `. */
export const TestResult = z.strictObject({
  id: z.string().min(1).max(500),
  file: z.string().max(1_024).nullable(),
  status: z.enum(['passed', 'failed', 'skipped']),
  /**
   * For failed ones: `assertion` when the report says so, `error` otherwise (did not compile, threw). Where there are too
   * many bytes of messages, the last ones say in their place how many were left out.
   */
  failure: z
    .strictObject({ kind: z.enum(['assertion', 'error']), message: z.string().max(2_000) })
    .nullable(),
});
export type TestResult = z.infer<typeof TestResult>;

/** Captured output: the first and the last bytes, and how much there was. */
export const Output = z.strictObject({
  head: z.string().max(40_000),
  tail: z.string().max(40_000),
  totalBytes: z.int().min(0),
});
export type Output = z.infer<typeof Output>;

export const Side = z.enum(['base', 'new']);
export type Side = z.infer<typeof Side>;

/** One cell's record. */
export const CellResult = z.strictObject({
  check: z.string().min(1).max(100),
  source: Side,
  tests: Side,
  outcome: CellOutcome,
  exitCode: z.int().nullable(),
  signal: z.string().max(20).nullable(),
  limit: LimitKind.nullable(),
  durationMs: z.int().min(0),
  /** Null: the check is a command, or its report could not be read (`reportProblem` says why). */
  results: z.array(TestResult).max(20_000).nullable(),
  reportProblem: z.string().max(500).nullable(),
  output: Output,
});
export type CellResult = z.infer<typeof CellResult>;

/** The base cells of one verify job, uploaded once, before the sealed set is handed out. */
export const BaseResults = z.strictObject({ cells: z.array(CellResult).max(100) });
export type BaseResults = z.infer<typeof BaseResults>;

/** The new cells, valid for one sealed digest only. `complete` is false where verify died before the last cell. */
export const NewResults = z.strictObject({
  digest: Digest,
  complete: z.boolean(),
  cells: z.array(CellResult).max(400),
});
export type NewResults = z.infer<typeof NewResults>;
