/** Why a draft holds an earlier round: the sentence that the pull request, the check run and the status comment share. */
import type { Reason } from '../task/task.ts';
import { reasonSentence } from './reason-text.ts';

/** `No further round came: ...`, or null where no round was missed. The reason is that of the plan, or of the task's end. */
export function furtherRoundSentence(reason: Reason | null): string | null {
  return reason === null ? null : `No further round came: ${reasonSentence(reason)}`;
}
