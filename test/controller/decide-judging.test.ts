/** What is next once a bundle is complete: a verdict, another round, or what is published. */
import { describe } from 'vitest';
import type { JobRecord } from '../../src/task/record.ts';
import { buildRecord, buildRound, CHANGE, EMPTY, OTHER } from '../builders/task-facts.ts';
import { buildVerdict } from '../builders/verdict.ts';
import { broken, itDecides, verify } from '../fixtures/decision-table.ts';

describe('judging', () => {
  const judging = (rounds: Parameters<typeof buildRecord>[0]['rounds'], jobs: JobRecord[] = []) =>
    buildRecord({ task: { state: 'judging' }, jobs, ...(rounds ? { rounds } : {}) });
  const sealed = buildRound({ sealedDigest: CHANGE });
  const judged = (verdict: ReturnType<typeof buildVerdict>, number = 1, digest = CHANGE) =>
    buildRound({ number, sealedDigest: digest, verdict });
  const blocking = buildVerdict({
    conclusion: 'failure',
    blocked: true,
    reason: 'protected-path',
    gates: [
      {
        gate: 'protected paths',
        effect: 'blocks',
        findings: [
          {
            path: '.github/workflows/ci.yml',
            line: null,
            saw: 'added',
            effect: 'blocks',
            code: 'protected-path',
          },
        ],
      },
    ],
  });
  itDecides([
    ['what is open is closed first', judging([sealed], [verify]), { do: 'close-job', job: 'verify-1' }],
    ['open reservations are waited for', judging([sealed]), { do: 'wait' }, { openReservations: 1 }],
    ['then it is judged', judging([sealed]), { do: 'judge' }],
    [
      'a green verdict is published',
      judging([judged(buildVerdict())]),
      { do: 'plan-publish', plan: { round: 1, outcome: 'verified', reason: null } },
    ],
    [
      'a green one is verified, whatever the budget says',
      judging([buildRound({ sealedDigest: CHANGE, verdict: buildVerdict(), workEnd: 'budget' })]),
      { do: 'plan-publish', plan: { round: 1, outcome: 'verified', reason: null } },
      { budgetSpent: true },
    ],
    ['broken tests get another round', judging([judged(broken(1))]), { do: 'next-round', follows: 1 }],
    [
      'what fails on the base alike gets none',
      judging([judged(buildVerdict({ conclusion: 'neutral', reason: 'asks-human' }))]),
      { do: 'plan-publish', plan: { round: 1, outcome: 'needs-human', reason: null } },
    ],
    [
      'a command that runs no test gets none',
      judging([judged(buildVerdict({ conclusion: 'failure', reason: 'nothing-verified' }))]),
      { do: 'plan-publish', plan: { round: 1, outcome: 'needs-human', reason: null } },
    ],
    [
      'the last round ends it with the fewest broken, the latest of equals',
      judging([judged(broken(2)), judged(broken(1), 2, OTHER), judged(broken(1), 3)]),
      { do: 'plan-publish', plan: { round: 3, outcome: 'needs-human', reason: null } },
    ],
    [
      'an earlier round with fewer broken is published',
      judging([judged(broken(1)), judged(broken(3), 2, OTHER), judged(broken(2), 3)]),
      { do: 'plan-publish', plan: { round: 1, outcome: 'needs-human', reason: null } },
    ],
    [
      'lost rounds do not count against the rounds',
      judging([judged(broken(2)), buildRound({ number: 2, lost: true }), judged(broken(1), 3, OTHER)]),
      { do: 'next-round', follows: 3 },
    ],
    [
      'without budget there is no further round',
      judging([judged(broken(1))]),
      { do: 'plan-publish', plan: { round: 1, outcome: 'budget-reached', reason: null } },
      { budgetSpent: true },
    ],
    [
      'INC-01: a seal that says so is no word on the budget: the ledger has it',
      judging([buildRound({ sealedDigest: CHANGE, verdict: broken(1), workEnd: 'budget' })]),
      { do: 'next-round', follows: 1 },
    ],
    [
      'a round that changed nothing more leaves the earlier verdict',
      judging([judged(broken(1)), buildRound({ number: 2, sealedDigest: CHANGE })]),
      { do: 'plan-publish', plan: { round: 1, outcome: 'needs-human', reason: null } },
    ],
    [
      'and does not wait for a verify job that was told so',
      judging(
        [judged(broken(1)), buildRound({ number: 2, sealedDigest: EMPTY })],
        [{ ...verify, round: 2, nothingComes: true }],
      ),
      { do: 'plan-publish' },
    ],
    [
      'a blocking gate ends it with the reason of its finding',
      judging([judged(blocking)]),
      {
        do: 'end',
        outcome: 'needs-human',
        reason: {
          code: 'protected-path',
          values: {
            gate: 'protected paths',
            message: 'added',
            kind: 'added',
            path: '.github/workflows/ci.yml',
          },
          detail: null,
        },
      },
    ],
    [
      'an earlier round without blocking gate is published instead',
      judging([judged(broken(1)), judged(blocking, 2, OTHER)]),
      { do: 'plan-publish', plan: { round: 1, outcome: 'needs-human', reason: null } },
    ],
    [
      'an empty change set ends it',
      judging([buildRound({ sealedDigest: EMPTY, narrative: 'nothing to do' })]),
      {
        do: 'end',
        outcome: 'needs-human',
        reason: { code: 'change-empty', values: {}, detail: 'nothing to do' },
      },
    ],
    [
      'empty for want of money is the budget',
      judging([buildRound({ sealedDigest: EMPTY, workEnd: 'budget' })]),
      { do: 'end', outcome: 'budget-reached', reason: null },
      { budgetSpent: true },
    ],
    [
      'INC-01: empty, and a seal that says budget where none is spent, is an empty change set',
      judging([buildRound({ sealedDigest: EMPTY, workEnd: 'budget' })]),
      { do: 'end', outcome: 'needs-human', reason: { code: 'change-empty', values: {}, detail: null } },
    ],
    [
      'empty because the model failed is ours',
      judging([buildRound({ sealedDigest: EMPTY, workEnd: 'failed' })]),
      { do: 'end', outcome: 'errored' },
      { modelFailed: true },
    ],
    [
      'INC-01: a seal that says failed where the model answered is an empty change set',
      judging([buildRound({ sealedDigest: EMPTY, workEnd: 'failed' })]),
      { do: 'end', outcome: 'needs-human', reason: { code: 'change-empty', values: {}, detail: null } },
    ],
  ]);
});
