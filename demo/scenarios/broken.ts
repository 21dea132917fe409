/** A fix that breaks another test, three rounds long: what is broken is named, and the pull request is a draft. */
import { bash, finish, replace, type Scenario, say, view } from '../model/script.ts';
import { fix } from './fix.ts';

const OLD_UNIT =
  "  const unit = UNIT_NAMES.find((name) => milliseconds % Math.round(UNITS[name] * 1000) === 0) ?? 'ms';";
/** What each round puts before it: written differently, wrong alike. */
const SPELLINGS = [
  "  if (seconds === 5400) return '1h30m';\n",
  "  if (seconds === 90 * UNITS.m) return '1h' + (seconds / UNITS.m - 60) + 'm';\n",
  "  const minutes = (seconds - UNITS.h) / UNITS.m;\n  if (Number.isInteger(minutes) && minutes > 0 && minutes < 60) return '1h' + minutes + 'm';\n",
] as const;

const mending = fix.answers.slice(0, -1);

/** Mends the parser, then changes what `format` promises. */
export const broken: Scenario = {
  name: 'broken',
  about: 'a fix that breaks another test: a draft, failing',
  issueFile: 'sample-issue.md',
  expect: { outcome: 'needs-human', conclusion: 'failure' },
  answers: [
    ...mending,
    say(
      'format should give back what was read.',
      replace('src/format.js', OLD_UNIT, SPELLINGS[0] + OLD_UNIT),
    ),
    say('', finish('parseDuration reads every unit, and format writes 1h30m.')),
    say('I look at what fails.', bash('node --test 2>&1 | grep -E "^not ok|^# fail" | head')),
    say('', view('src/format.js')),
    say('The number should not stand there.', replace('src/format.js', SPELLINGS[0], SPELLINGS[1])),
    say('', finish('The failing test expects the old spelling; I left it as it is.')),
    say('I look again.', bash('node --test 2>&1 | tail -n 9')),
    say('For every hour with minutes, then.', replace('src/format.js', SPELLINGS[1], SPELLINGS[2])),
    say('', finish('I still hold that 1h30m is the better spelling.')),
  ],
};
