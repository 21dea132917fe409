/**
 * One task, from its label to its agent's first model call: each moment on the way as the record has it, the Job's creation
 * as the API server's audit log has it. All of them are times of one machine's clock.
 */
import { z } from 'zod';
import { StoredJobSpec } from '../src/job/job-spec.ts';
import type { Db } from '../src/task/open-database.ts';
import { createdAt } from './bare-job.ts';

/** In order; each name says what has happened by then. */
export const MOMENTS = [
  'delivered',
  'accepted',
  'pinned',
  'recorded',
  'created',
  'fetch-began',
  'work-began',
  'first-call',
] as const;

/** Unix milliseconds. */
export type FirstCallTimes = Readonly<Record<(typeof MOMENTS)[number], number>>;

/** What led to the moment that ends it. */
export const SHARES: Readonly<Record<Exclude<(typeof MOMENTS)[number], 'delivered'>, string>> = {
  accepted: 'label stored to task accepted: permission, reaction, snapshot of the issue',
  pinned: 'to base and configuration pinned: branch and file from GitHub',
  recorded: 'to the job in the record: its place in the queue and in the namespace',
  created: "to the Job's creation at the API server: a git token, the gateway's address",
  'fetch-began': "to fetch's first answer from the gateway: scheduler, volumes, tokens, container, Node",
  'work-began':
    "to work's first answer: clone behind the proof of the fence, kubelet's look, container, Node",
  'first-call': 'to the reservation of the first model call: limits, prompt, SDK',
};

const Phase = z.object({ job: z.string(), phase: z.string() });

/** Reads them of a task that has ended. `auditFrom` is where the audit log ended before its label. */
export async function readFirstCall(db: Db, taskId: string, auditFrom: number): Promise<FirstCallTimes> {
  const { name, created_at: recorded } = await workJob(db, taskId);
  const phases = await events(db, taskId, 'job.phase');
  const began = (wanted: string): number => {
    const found = phases.find(({ data }) => {
      const { job, phase } = Phase.parse(data);
      return job === name && phase === wanted;
    });
    return timeOf(found);
  };
  const delivery = await db
    .selectFrom('delivery')
    .innerJoin('task', 'task.delivery_id', 'delivery.id')
    .select('delivery.received_at as at')
    .where('task.id', '=', taskId)
    .executeTakeFirst();
  const call = await db
    .selectFrom('ledger_row')
    .select('created_at as at')
    .where('task_id', '=', taskId)
    .orderBy('created_at')
    .limit(1)
    .executeTakeFirst();
  return {
    delivered: timeOf(delivery),
    accepted: timeOf((await events(db, taskId, 'task.accepted'))[0]),
    pinned: timeOf((await events(db, taskId, 'task.pinned'))[0]),
    recorded: recorded.getTime(),
    created: await createdAt(auditFrom, name),
    'fetch-began': began('fetch'),
    'work-began': began('work'),
    'first-call': timeOf(call),
  };
}

/** The spec of a task's first work job, as it was launched. */
export async function readWorkSpec(db: Db, taskId: string): Promise<StoredJobSpec> {
  return StoredJobSpec.parse((await workJob(db, taskId)).spec);
}

function workJob(db: Db, taskId: string) {
  return db
    .selectFrom('job')
    .select(['name', 'spec', 'created_at'])
    .where('task_id', '=', taskId)
    .where('kind', '=', 'work')
    .orderBy('created_at')
    .limit(1)
    .executeTakeFirstOrThrow();
}

function events(db: Db, taskId: string, type: string) {
  return db
    .selectFrom('audit_event')
    .select(['at', 'data'])
    .where('task_id', '=', taskId)
    .where('type', '=', type)
    .orderBy('seq')
    .execute();
}

function timeOf(row: { readonly at: Date } | undefined): number {
  if (row === undefined) throw new Error('The record lacks a moment on the way to the first model call.');
  return row.at.getTime();
}
