/** What the tasks of the kill suite are asked, and what the model answers them: short scripts that end with a good change. */
import { bash, finish, type ScriptedAnswer, say } from '../../../demo/model/script.ts';
import { fix } from '../../../demo/scenarios/fix.ts';
import { CLOCK } from '../../fixtures/scenario-line.ts';
import type { RepositorySeed } from '../../github-host/seed.ts';

/** The name of a case stands in its issue's title, so that its model calls and its pull request are told apart. */
export const titleOf = (name: string): string => `Reads only the first unit (${name})`;

/** Twice a look, then test, pattern and body one after another: each of these is uploaded. */
const EDITS = fix.answers.filter(
  (step): step is ScriptedAnswer =>
    typeof step !== 'function' && step.calls.every(({ tool }) => tool === 'str_replace_based_edit_tool'),
);
/** Number of the model's call that writes the body; test and pattern have been uploaded when it comes. */
export const BODY_CALL = EDITS.length;
/** Number of the call after it: the whole change has been uploaded. */
export const NEXT_CALL = EDITS.length + 1;
/** Number of the call that writes the test: nothing has been changed when it comes. */
export const TEST_CALL = EDITS.length - 2;

const DONE = say('', finish('The pattern stopped at the first unit. It now reads every unit.'));

/** The change in six calls. */
export const QUICK: readonly ScriptedAnswer[] = [...EDITS, DONE];

/** 60 processes of 40 MB each: more than the container has, and the runner, with its 60 to 70, is larger than any of them. */
const EXHAUST =
  'for i in $(seq 60); do head -c 40000000 /dev/zero | tail -c 40000000 | sleep 30 & done; wait';

/** The change, then more memory than the container has. */
export const GREEDY: readonly ScriptedAnswer[] = [...EDITS, say('One more look.', bash(EXHAUST)), DONE];

/** The demo's repository; in the second one a check takes three seconds more, so that a verify job can be met while it runs. */
export const REPOSITORIES: readonly RepositorySeed[] = [
  CLOCK,
  {
    name: 'slow-clock',
    folder: CLOCK.folder ?? '',
    files: [{ path: '.github/glovebox.yml', content: slowConfig() }],
    firstIssueNumber: 142,
  },
];

function slowConfig(): string {
  return `template: node-24
checks:
  - name: tests
    run: sleep 3; node --test --test-reporter=tap
    kind: tests
    report: { format: tap, path: '-' }
`;
}
