/**
 * The one table of a task's states: which may follow which, and who may make the step. `store/transition.ts` is the only
 * statement that changes a state, and it asks here.
 */
import { GloveboxError } from '../shared/errors.ts';
import type { TaskState } from './task.ts';

/** Who makes a step. The webhook only creates tasks; people ask for an abort, and the controller carries it out. */
export type Actor = 'webhook' | 'controller';

/** One step of the table. */
export interface Step {
  readonly to: TaskState;
  readonly by: Actor;
  readonly when: string;
}

/** Every state with every step out of it. `ended` has none: to go on is a new task, attempt or round. */
export const STATE_TABLE: Readonly<Record<TaskState, readonly Step[]>> = {
  accepted: [
    { to: 'queued', by: 'controller', when: 'base and configuration are pinned' },
    { to: 'ended', by: 'controller', when: 'refused, aborted or errored before anything ran' },
    { to: 'ended', by: 'webhook', when: 'recorded as refused from the start' },
  ],
  queued: [
    { to: 'working', by: 'controller', when: 'every cap has room' },
    { to: 'ended', by: 'controller', when: 'aborted in the queue' },
  ],
  working: [
    {
      to: 'working',
      by: 'controller',
      when: 'the work job was lost: a new round goes on from its last upload',
    },
    { to: 'verifying', by: 'controller', when: 'sealed, and there is something new to judge' },
    {
      to: 'judging',
      by: 'controller',
      when: 'sealed empty, or as judged before: no new cells; or an earlier round is published instead',
    },
    {
      to: 'ended',
      by: 'controller',
      when: 'aborted, or a phase cannot do its part, and no round was judged',
    },
  ],
  verifying: [
    {
      to: 'judging',
      by: 'controller',
      when: 'the bundle is complete; or an earlier round is published instead',
    },
    {
      to: 'ended',
      by: 'controller',
      when: 'aborted, or the verify job was lost too often, and no round was judged',
    },
  ],
  judging: [
    { to: 'working', by: 'controller', when: 'something is broken, and rounds and budget are left' },
    { to: 'publishing', by: 'controller', when: 'a round is chosen' },
    { to: 'ended', by: 'controller', when: 'nothing can be published, or aborted' },
  ],
  publishing: [
    { to: 'ended', by: 'controller', when: 'published, or refused by the host; too late for an abort' },
  ],
  ended: [],
};

/** True where the table has this step for this actor. */
export function maySwitch(from: TaskState, to: TaskState, by: Actor): boolean {
  return STATE_TABLE[from].some((step) => step.to === to && step.by === by);
}

/** States in which an abort still stops the task; later its pull request is in the making. */
export function isAbortable(state: TaskState): boolean {
  return state !== 'publishing' && state !== 'ended';
}

/** Errors: `transition-refused` for a step that the table does not have. */
export function assertStep(from: TaskState, to: TaskState, by: Actor): void {
  if (maySwitch(from, to, by)) return;
  const allowed = STATE_TABLE[from].filter((step) => step.by === by).map((step) => `'${step.to}'`);
  throw new GloveboxError({
    code: 'transition-refused',
    message: `Refused the step from '${from}' to '${to}' by ${by}: expected ${allowed.join(', ') || 'none'} from there. This is a defect.`,
  });
}
