/** The default: a fix with a test that fails without it. */
import {
  bash,
  finish,
  replace,
  type Scenario,
  type ScriptedAnswer,
  say,
  type ToolOutcome,
  view,
} from '../model/script.ts';

const OLD_PATTERN = 'const PATTERN = /^\\s*(\\d+(?:\\.\\d+)?)\\s*(ms|w|d|h|m|s)/i;';
const NEW_PATTERN = `const PART = /(\\d+(?:\\.\\d+)?)\\s*(ms|w|d|h|m|s)/gi;
const WHOLE = /^\\s*(?:\\d+(?:\\.\\d+)?\\s*(?:ms|w|d|h|m|s)\\s*)+/i;`;
const OLD_BODY = `  const match = PATTERN.exec(text);
  if (match === null) throw new RangeError(\`Invalid duration '\${text}': expected a number and a unit, such as 90m\`);
  return round(Number(match[1]) * UNITS[match[2].toLowerCase()]);`;
const NEW_BODY = `  const match = WHOLE.exec(text);
  if (match === null) throw new RangeError(\`Invalid duration '\${text}': expected a number and a unit, such as 90m\`);
  const parts = [...match[0].matchAll(PART)];
  return round(parts.reduce((seconds, [, count, unit]) => seconds + Number(count) * UNITS[unit.toLowerCase()], 0));`;
const OLD_TEST = "  for (const text of ['', ' ', 'h', 'abc',";
const NEW_TEST = `  it('reads 1h30m', () => assert.equal(parseDuration('1h30m'), 5400));

  for (const text of ['', ' ', 'h', 'abc',`;

/** Reads, reproduces, mends, proves. */
export const fix: Scenario = {
  name: 'fix',
  about: 'a fix with a test that fails without it',
  issueFile: 'sample-issue.md',
  expect: { outcome: 'verified', conclusion: 'success' },
  answers: [
    say('I will look at the repository first.', bash('ls -R . | head -40'), {
      tool: 'search_content',
      input: { pattern: 'parseDuration' },
    }),
    say('', view('src/parse-duration.js'), view('test/parse-duration.test.js')),
    say(
      'The pattern stops at the first unit. I will reproduce it.',
      bash(
        "node -e \"import('./src/parse-duration.js').then((m) => console.log(m.parseDuration('1h30m')))\"",
      ),
    ),
    say('3600, as the issue says. Who else depends on it?', view('src/units.js'), view('src/format.js')),
    say('', bash('node --test 2>&1 | tail -n 9')),
    say(
      'All pass before the change. A test first.',
      replace('test/parse-duration.test.js', OLD_TEST, NEW_TEST),
    ),
    say(
      '',
      bash("node --test --test-name-pattern='reads 1h30m' 2>&1 | grep -E '^# (pass|fail)|expected|actual'"),
    ),
    say(
      'It fails, as it should. Now the pattern.',
      replace('src/parse-duration.js', OLD_PATTERN, NEW_PATTERN),
    ),
    say('', replace('src/parse-duration.js', OLD_BODY, NEW_BODY)),
    say('', bash('node --test 2>&1 | tail -n 9')),
    say(
      'Also the other combinations of the issue.',
      bash(
        "node -e \"import('./src/parse-duration.js').then((m) => console.log(['1d12h', '1h30m', '90m', '1h 30m'].map(m.parseDuration)))\"",
      ),
    ),
    say('', bash('git --no-pager diff --stat 2>/dev/null || true')),
    say('Once more, as the checks will run it.', bash('node --test --test-reporter=tap 2>&1 | tail -n 9')),
    account,
  ],
};

const ACCOUNT = 'The pattern stopped at the first unit. It now reads every unit; a test covers "1h30m".';

/** Says what the suite printed, and claims nothing where it printed no result. */
function account(outcomes: readonly ToolOutcome[]): ScriptedAnswer {
  const output = outcomes.map((outcome) => outcome.text).join('\n');
  const failed = /^# fail (\d+)$/m.exec(output)?.[1];
  if (failed === '0') return say('Done.', finish(ACCOUNT));
  const note = failed === undefined ? 'The suite could not be run here.' : `${failed} tests still fail here.`;
  return say('', finish(`${ACCOUNT} ${note}`));
}
