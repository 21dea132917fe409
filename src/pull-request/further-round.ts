/** Why a draft holds an earlier round: the sentence that the pull request, the check run and the status comment share. */
import type { Reason } from '../task/task.ts';
import { reasonElsewhere } from './reason-text.ts';

/** Before the reason's sentence. */
export const NO_FURTHER_ROUND = 'No further round came:';

/** `No further round came: ...` for a page without the reason's detail, or null where no round was missed. The reason is that of the plan, or of the task's end. */
export function furtherRoundSentence(reason: Reason | null): string | null {
  return reason === null ? null : `${NO_FURTHER_ROUND} ${reasonElsewhere(reason)}`;
}
