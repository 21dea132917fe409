/** Gathers what the demo says at its end: from the record, and from what the emulated GitHub shows. */
import { transcriptDigest } from '../src/gateway/transcript/read-transcript.ts';
import { readTaskCost } from '../src/ledger/read-task-cost.ts';
import { observed } from '../src/pull-request/phase-times.ts';
import type { Line } from './line.ts';
import type { Look } from './read-stages.ts';
import type { Ending } from './report.ts';

/** One read of both. */
export async function readEnding(line: Line, look: Look, bill: string): Promise<Ending> {
  const { task, verdict } = look;
  const { db } = line;
  const view = await line.view();
  const cost = await readTaskCost(db, {
    taskId: task.id,
    repositoryId: task.repo.repositoryId,
    nowMs: Date.now(),
  });
  const audit = await db
    .selectFrom('audit_event')
    .select('hash')
    .where('task_id', '=', task.id)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  const jobs = await db
    .selectFrom('job')
    .select(['kind', 'observation', 'base_results'])
    .where('task_id', '=', task.id)
    .orderBy('created_at')
    .execute();
  const pull = view.pulls.find((row) => row.number === task.pullNumber);
  const run = view.checkRuns.find((row) => row.headSha === task.commitSha);
  return {
    task,
    verdict,
    cost,
    network: jobs.map(observed).find((seen) => seen !== null)?.network ?? 'not measured',
    auditHead: audit.hash,
    transcriptDigest: cost.calls === 0 ? null : await transcriptDigest(db, { taskId: task.id }),
    pull: pull ? { number: pull.number, title: pull.title, draft: pull.draft } : null,
    checkRun: run ? { conclusion: run.conclusion ?? 'none', title: run.title } : null,
    githubCalls: view.calls,
    bill,
  };
}
