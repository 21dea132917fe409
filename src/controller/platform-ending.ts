/**
 * What the platform did to a job, as the end of its task: an image that it cannot pull, a sandbox that it refuses, room that
 * it does not find, sandboxes that it loses again and again. None of it is the work's doing.
 */
import type { JobRecord, TaskRecord } from '../task/record.ts';
import type { Reason } from '../task/task.ts';
import type { Ending } from './failure-outcome.ts';
import { type Loss, lossOf } from './job-end.ts';

/** What a reason's value holds at most of a text that is not ours; the longest that an adapter hands over. */
const MAX_MESSAGE = 500;

/** The job can never start as things are: an operator is needed, and waiting helps nobody. Null where it can. */
export function startRefused(record: TaskRecord, job: JobRecord): Ending | null {
  const trouble = job.seen?.trouble;
  if (trouble?.kind === 'image-not-pulled') return imageNotPulled(record, trouble.message);
  return trouble?.kind === 'admission-refused' ? sandboxRefused(trouble.message) : null;
}

/** The platform takes no such sandbox, in its own words. */
export function sandboxRefused(message: string): Ending {
  return errored({ code: 'sandbox-refused', values: { message: cut(message) }, detail: null });
}

/** A launched job found no node, no quota or no queue's turn for so long. */
export function noRoom(job: JobRecord, waitedMs: number): Ending {
  const message = job.seen?.trouble?.message ?? 'the platform gave no reason';
  const values = { minutes: Math.round(waitedMs / 60_000), message: cut(message) };
  return errored({ code: 'no-room', values, detail: null });
}

/** Jobs that were lost one after another; the last one ends the task. */
export interface Losses {
  readonly before: readonly JobRecord[];
  readonly last: Loss;
  /** All of them, also those whose job is unknown by now. */
  readonly count: number;
}

/** Says what happened and where; `alike` when it was the same each time. */
export function lostTooOften({ before, last, count }: Losses): Ending {
  const others = before.map(lossOf).filter((loss) => loss.cause !== last.cause || loss.phase !== last.phase);
  const alike = others.length === 0 ? 'yes' : 'no';
  const values = { count, phase: last.phase, cause: last.cause, alike };
  return errored({ code: 'sandbox-lost', values, detail: last.message });
}

/** The kubelet's text names the image in quotes; where it does not, the template's is meant. */
function imageNotPulled(record: TaskRecord, message: string): Ending {
  const named = /image "([^"\s]{1,300})"/.exec(message)?.[1];
  const image = named ?? record.task.pin?.config.template.image ?? 'of the template';
  const missing = /not found|manifest unknown|does not exist|ErrImageNeverPull|not present/i.test(message);
  const values = { image, state: missing ? 'missing' : 'unpulled' };
  return errored({ code: 'image-not-pulled', values, detail: cut(message) });
}

function errored(reason: Reason): Ending {
  return { outcome: 'errored', reason };
}

function cut(text: string): string {
  return text.length <= MAX_MESSAGE ? text : `${text.slice(0, MAX_MESSAGE - 3).toWellFormed()}...`;
}
