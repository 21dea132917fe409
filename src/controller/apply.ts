/** From a decision to its phase: one file for each action, no logic of its own. */
import type { Action } from './action.ts';
import type { Progress, Step, StepDeps } from './controller-deps.ts';
import { askPlace } from './phases/ask-place.ts';
import { closeOneJob } from './phases/close-job.ts';
import { endTask } from './phases/end.ts';
import { enterJudging } from './phases/enter-judging.ts';
import { enterVerifying } from './phases/enter-verifying.ts';
import { fallBack } from './phases/fall-back.ts';
import { judgeRound } from './phases/judge.ts';
import { launchRoundJob } from './phases/launch.ts';
import { beginNextRound } from './phases/next-round.ts';
import { pinTask } from './phases/pin.ts';
import { planPublish } from './phases/plan-publish.ts';
import { publishRound } from './phases/publish.ts';
import { removeOneJob } from './phases/remove-job.ts';
import { restartRound } from './phases/restart-round.ts';
import { revokeGitToken } from './phases/revoke-token.ts';
import { sealLastUpload } from './phases/seal.ts';
import { skipVerify } from './phases/skip-verify.ts';
import { startWork } from './phases/start.ts';
import { stopOneJob } from './phases/stop-job.ts';
import { tellVerifyEnded } from './phases/tell-verify-ended.ts';

/** Does it. Errors are those of the stores and the ports; `record-moved` and `lease-lost` mean that others act. */
export async function applyAction(deps: StepDeps, step: Step, action: Action): Promise<Progress> {
  switch (action.do) {
    case 'pin':
      return pinTask(deps, step);
    case 'start':
      return startWork(deps, step);
    case 'launch':
      return launchRoundJob(deps, step, action);
    case 'ask-place':
      return askPlace(deps, step, action);
    case 'seal':
      return sealLastUpload(deps, step, action);
    case 'enter-verifying':
      return enterVerifying(deps, step);
    case 'skip-verify':
      return skipVerify(deps, step);
    case 'restart-round':
      return restartRound(deps, step);
    case 'tell-verify-ended':
      return tellVerifyEnded(deps, step, action);
    case 'close-job':
      return closeOneJob(deps, step, action);
    case 'enter-judging':
      return enterJudging(deps, step);
    case 'judge':
      return judgeRound(deps, step);
    case 'next-round':
      return beginNextRound(deps, step, action);
    case 'plan-publish':
      return planPublish(deps, step, action);
    case 'fall-back':
      return fallBack(deps, step, action);
    case 'publish':
      return publishRound(deps, step);
    case 'revoke-token':
      return revokeGitToken(deps, step, action);
    case 'stop-job':
      return stopOneJob(deps, step, action);
    case 'remove-job':
      return removeOneJob(deps, step, action);
    case 'end':
      return endTask(deps, step, { outcome: action.outcome, reason: action.reason });
    case 'wait':
      return { wakeAfterMs: action.forMs };
    case 'rest':
      return { wakeAfterMs: null };
    default:
      return action satisfies never;
  }
}
