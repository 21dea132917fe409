/** A fix that breaks another test, three rounds long: what is broken is named, and the pull request is a draft. */
import { bash, finish, replace, type Scenario, say, view } from '../model/script.ts';
import { fix } from './fix.ts';

const OLD_UNIT =
  "  const unit = UNIT_NAMES.find((name) => milliseconds % Math.round(UNITS[name] * 1000) === 0) ?? 'ms';";
const NEW_UNIT = `  if (seconds === 5400) return '1h30m';
${OLD_UNIT}`;

const mending = fix.answers.slice(0, -1);

/** Mends the parser, then changes what `format` promises. */
export const broken: Scenario = {
  name: 'broken',
  about: 'a fix that breaks another test: a draft, failing',
  issueFile: 'sample-issue.md',
  expect: { outcome: 'needs-human', conclusion: 'failure' },
  answers: [
    ...mending,
    say('format should give back what was read.', replace('src/format.js', OLD_UNIT, NEW_UNIT)),
    say('', finish('parseDuration reads every unit, and format writes 1h30m.')),
    say('I look at what fails.', bash('node --test 2>&1 | grep -E "^not ok|^# fail" | head')),
    say('', view('src/format.js')),
    say('', finish('The failing test expects the old spelling; I left it as it is.')),
    say('I look again.', bash('node --test 2>&1 | tail -n 9')),
    say('', finish('I still hold that 1h30m is the better spelling.')),
  ],
};
