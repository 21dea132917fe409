/** `glovebox task show TASK`: one task's timeline, and where asked its diff, transcript, calls, or all of it as JSON. */
import { readTranscript, type TranscriptCall } from '../gateway/transcript/read-transcript.ts';
import { formatCalls } from '../ledger/spent-report.ts';
import type { Db } from '../task/open-database.ts';
import { getChangeSet } from '../task/store/change-set-blob.ts';
import { getBlob } from '../task/store/get-blob.ts';
import { formatChangeSet } from './change-set-text.ts';
import { readTaskReport, type TaskReport } from './task-report.ts';
import { formatTimeline } from './task-timeline.ts';
import { terminalText } from './terminal-text.ts';
import { formatTranscript } from './transcript-text.ts';

export interface TaskShowDeps {
  readonly db: Db;
  readonly io: { readonly out: (text: string) => void; readonly error: (text: string) => void };
}

export interface TaskShowArgs {
  readonly task: string;
  readonly json?: boolean | undefined;
  readonly diff?: boolean | undefined;
  readonly transcript?: boolean | undefined;
  readonly calls?: boolean | undefined;
}

/** Exit code 0, or 2 for an unknown task. Errors: the store's. */
export async function taskShowCommand(deps: TaskShowDeps, args: TaskShowArgs): Promise<0 | 2> {
  const { db, io } = deps;
  const report = await readTaskReport(db, args.task);
  if (!report) {
    io.error(
      `Refused: task '${args.task}' is not in the store; \`glovebox task list\` shows those that are.\n`,
    );
    return 2;
  }
  const transcript = args.transcript === true ? await readTranscript(db, { taskId: report.task.id }) : null;
  const diff = args.diff === true ? await diffText(deps, report) : null;
  io.out(
    args.json === true
      ? jsonText(report, { transcript, diff })
      : plainText(report, args, { transcript, diff }),
  );
  return 0;
}

interface Extras {
  readonly transcript: readonly TranscriptCall[] | null;
  readonly diff: string | null;
}

function plainText(report: TaskReport, args: TaskShowArgs, extras: Extras): string {
  const parts = [formatTimeline(report)];
  if (extras.diff !== null) parts.push(extras.diff);
  if (extras.transcript !== null) parts.push(formatTranscript(extras.transcript));
  if (args.calls === true) parts.push(formatCalls(report.calls) || 'No model call.\n');
  return parts.join('\n');
}

/** What is kept of the work: the set that was published or sealed last, else the last upload; its diff once it was judged. */
async function diffText({ db }: TaskShowDeps, report: TaskReport): Promise<string> {
  const planned = report.rounds.find((round) => round.number === report.task.publishPlan?.round);
  const rounds = planned ? [planned] : report.rounds.toReversed();
  const round = rounds.find((one) => (one.sealedDigest ?? one.lastUploadDigest) !== null);
  if (round?.diffDigest) return safeDiff(Buffer.from(await getBlob(db, round.diffDigest)).toString('utf8'));
  const digest = round?.sealedDigest ?? round?.lastUploadDigest ?? null;
  return digest === null ? 'No change set.\n' : formatChangeSet(await getChangeSet(db, digest));
}

/** Foreign text, safe for a terminal; every line ends in a line break. */
function safeDiff(diff: string): string {
  return diff === '' ? 'The change set is empty.\n' : terminalText(diff);
}

/** One object; amounts in nano-dollars as text. */
function jsonText(report: TaskReport, extras: Extras): string {
  const all = {
    ...report,
    ...(extras.diff === null ? {} : { diff: extras.diff }),
    ...(extras.transcript === null ? {} : { transcript: extras.transcript }),
  };
  return `${JSON.stringify(all, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}\n`;
}
