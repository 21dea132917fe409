/**
 * One cell: a fresh copy of `prepared`, one side or both of the change set laid over it, the check run to its end,
 * everything else killed, then the report read. Every cell uses the same path, since names and environments hold it.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CellOutcome, CellResult, LimitKind, Side, TestResult } from '../../result/contract/cell.ts';
import type { ChangeEntry } from '../../result/contract/change-set.ts';
import { CELL_FOLDER } from '../../result/contract/layout.ts';
import type { CheckSpec, SandboxLimits } from '../../result/contract/phase-spec.ts';
import { applyChangeSet } from '../change-set/apply-change-set.ts';
import { outOfMemoryKills } from '../limits/kernel-counters.ts';
import type { PhaseContext } from '../phase-context.ts';
import { PhaseFailedError } from '../phase-failed.ts';
import { copyTree, emptyFolder, removeTree } from '../process/copy-tree.ts';
import { endEverything } from '../process/end-everything.ts';
import { type CommandEnd, runCommand } from '../process/run-command.ts';
import { toolEnv } from '../process/tool-env.ts';
import { fileClockMark } from './file-clock.ts';
import { clearReport, isAbsent, MAX_REPORT_BYTES, type ReportPlace, readReport } from './read-report.ts';
import { nameTests } from './test-ids.ts';

/** Where cells run and under which limits. */
export interface CellPlace {
  /** What cells are copied from. */
  readonly prepared: string;
  readonly scratch: string;
  readonly limits: SandboxLimits;
}

/** What to run. */
export interface Cell {
  readonly check: CheckSpec;
  readonly source: Side;
  readonly tests: Side;
  readonly entries: readonly ChangeEntry[];
}

/** Never throws for what the repository's code does; fails as `internal` when a survivor cannot be killed. */
export async function runCell(context: PhaseContext, place: CellPlace, cell: Cell): Promise<CellResult> {
  const workspace = join(place.scratch, CELL_FOLDER);
  await emptyFolder(place.scratch);
  mkdirSync(context.layout.tmp, { recursive: true });
  if (ownsTmp(context)) await emptyFolder(context.layout.tmp);
  await copyHome(context);
  await copyTree(place.prepared, workspace);
  applyChangeSet(workspace, cell.entries);
  try {
    return await check(context, place, cell, workspace);
  } finally {
    await removeTree(workspace);
  }
}

/** Where HOME as setup left it lies apart, each cell starts with it: nothing of an earlier cell is in it. */
async function copyHome({ layout: { home, homeSource } }: PhaseContext): Promise<void> {
  if (homeSource === null) return;
  await removeTree(home);
  if (existsSync(homeSource)) await copyTree(homeSource, home);
  else mkdirSync(home);
}

async function check(
  context: PhaseContext,
  place: CellPlace,
  cell: Cell,
  workspace: string,
): Promise<CellResult> {
  const { report } = cell.check;
  const cleared = report === null || clearReport(workspace, report);
  const startedAtMs = await fileClockMark(context.clock, place.scratch);
  const stdout = new StdoutKeep(report?.path === '-');
  const killsBefore = outOfMemoryKills();
  const command = await runAlone(context, place, cell, (chunk) => stdout.add(chunk));
  const end = { ...command, limit: limitOf(context, command, killsBefore) };
  const common = {
    check: cell.check.name,
    source: cell.source,
    tests: cell.tests,
    exitCode: end.exitCode,
    signal: end.signal,
    limit: end.limit,
    durationMs: end.durationMs,
    output: end.capture.output(),
  };
  if (report === null) {
    return { ...common, outcome: outcomeOfCommand(end), results: null, reportProblem: null };
  }
  const puts = cell.entries.filter((entry) => entry.op === 'put').map((entry) => entry.path);
  const at: ReportPlace = { workspace, report, putPaths: new Set(puts), startedAtMs, stdout: stdout.bytes() };
  const { results, problem } = cleared
    ? testsOf(at)
    : { results: null, problem: 'the report lies behind a link' };
  const outcome = outcomeOfTests(end, results, isAbsent(at));
  return { ...common, outcome, results, reportProblem: problem?.slice(0, 500) ?? null };
}

/** Our own limiter's word, or the phase's; memory only when the kernel counted a kill meanwhile and the check failed. */
function limitOf(context: PhaseContext, end: CommandEnd, killsBefore: number | null): LimitKind | null {
  if (end.limit !== null) return end.limit;
  if (end.stopped) return context.passedLimit();
  const kills = outOfMemoryKills();
  const isKilled = killsBefore !== null && kills !== null && kills > killsBefore;
  return isKilled && end.exitCode !== 0 ? 'memory' : null;
}

/** Runs the command; afterwards nothing but us is left, so ports are free and reports at rest. */
async function runAlone(
  context: PhaseContext,
  place: CellPlace,
  cell: Cell,
  onStdout: (chunk: Buffer) => void,
): Promise<CommandEnd> {
  const id = Buffer.from(context.random(8)).toString('hex');
  const sessions: number[] = [];
  const end = await runCommand({
    argv: ['/bin/sh', '-c', cell.check.run],
    cwd: join(place.scratch, CELL_FOLDER),
    env: { ...toolEnv(context.layout), GLOVEBOX_CELL: id },
    timeoutMs: cell.check.timeoutMs,
    maxOutputBytes: place.limits.outputBytes,
    signal: context.stop,
    onStart: (pid) => sessions.push(pid),
    onStdout,
  });
  const folders = [place.scratch, ...(ownsTmp(context) ? [context.layout.tmp] : [])];
  const left = await endEverything(context.clock, { mark: `GLOVEBOX_CELL=${id}`, sessions, folders });
  if (left.length === 0) return end;
  throw new PhaseFailedError({
    code: 'internal',
    message: `${left.length} processes of check '${cell.check.name}' could not be killed; expected none before the next cell.`,
  });
}

/** Without a fence a layout could name the machine's own folder, which is not ours to empty. */
function ownsTmp({ layout }: PhaseContext): boolean {
  return layout.fence === 'gateway-only' || !['/tmp', '/var/tmp'].includes(layout.tmp);
}

/** Standard output where it is the report; one byte more than allowed is kept, so that too much shows. */
class StdoutKeep {
  readonly #wanted: boolean;
  readonly #kept: Buffer[] = [];
  #size = 0;

  constructor(wanted: boolean) {
    this.#wanted = wanted;
  }

  add(chunk: Buffer): void {
    if (!this.#wanted || this.#size > MAX_REPORT_BYTES) return;
    this.#size += chunk.length;
    this.#kept.push(chunk);
  }

  bytes(): Buffer {
    return Buffer.concat(this.#kept);
  }
}

/** How the check's command ended, with whatever limit did it. */
type Ended = Omit<CommandEnd, 'limit'> & { readonly limit: LimitKind | null };

function testsOf(place: ReportPlace): { results: TestResult[] | null; problem: string | null } {
  const read = readReport(place);
  if ('problem' in read) return { results: null, problem: read.problem };
  const named = nameTests(read.tests, place.workspace);
  return typeof named === 'string' ? { results: null, problem: named } : { results: named, problem: null };
}

function outcomeOfCommand(end: Ended): CellOutcome {
  if (end.limit === 'time') return 'timed-out';
  if (end.limit !== null || end.stopped) return 'killed';
  return end.exitCode === 0 ? 'passed' : 'failed';
}

/**
 * Passed needs a readable report with at least one executed test. None executed, no report at all after exit 0, or no
 * such command is inert; a report that cannot be read is a failure whatever the exit code says.
 */
function outcomeOfTests(end: Ended, results: readonly TestResult[] | null, absent: boolean): CellOutcome {
  const plain = outcomeOfCommand(end);
  if (plain === 'timed-out' || plain === 'killed') return plain;
  if (results === null) {
    return end.exitCode === 127 || (absent && end.exitCode === 0) ? 'inert' : 'failed';
  }
  if (results.every((test) => test.status === 'skipped')) return 'inert';
  return results.some((test) => test.status === 'failed') ? 'failed' : plain;
}
