/** Rules across the keys of a repository's file: reports of `tests` checks, unique names, at least one `tests` check. */
import { type Place, type Problem, problem, quoteValue } from './problem.ts';
import type { RepoConfig } from './repo-config.ts';

type Check = RepoConfig['checks'][number];

/** All problems; a file without a `tests` check is a warning, since such a task can never be verified. */
export function checkRepo(config: RepoConfig, place: Place): readonly Problem[] {
  const each = config.checks.flatMap((check, index) => [
    ...reportProblems(check, index, place),
    ...nameProblems(config.checks, index, place),
  ]);
  return [...each, ...noTests(config, place)];
}

/** The name people read: the check's own, or its command's first 100 characters. */
export function checkName(check: Check): string {
  return check.name ?? check.run.slice(0, 100);
}

function reportProblems(check: Check, index: number, place: Place): Problem[] {
  const path = ['checks', index, 'report'];
  const at = { file: place.file, line: place.lineOf(path), at: `checks[${index}].report` };
  if (check.kind === 'tests' && check.report === undefined) {
    const expected = 'expected format (junit or tap) and path for a `tests` check';
    const fix = 'Say where the command writes its report, or set kind: command';
    return [problem({ ...at, at: `checks[${index}]`, what: "Missing key 'report'", expected, fix })];
  }
  if (check.kind === 'command' && check.report !== undefined) {
    return [
      problem({
        ...at,
        what: 'Unused report',
        expected: 'expected none for kind: command',
        fix: 'Set kind: tests',
      }),
    ];
  }
  if (check.report?.path === '-' && check.report.format !== 'tap') {
    const expected = 'expected a file, since standard output (-) goes with format: tap only';
    return [problem({ ...at, at: `${at.at}.path`, what: "Invalid report path '-'", expected })];
  }
  return [];
}

function nameProblems(checks: readonly Check[], index: number, place: Place): Problem[] {
  const name = checkName(checks[index] ?? { run: '', kind: 'command', timeout: 0 });
  const first = checks.findIndex((other) => checkName(other) === name);
  if (first === index) return [];
  const line = place.lineOf(['checks', index]);
  const expected = `expected names that differ; checks[${first}] has it too`;
  return [
    problem({
      file: place.file,
      line,
      what: `Duplicate check ${quoteValue(name)}`,
      at: `checks[${index}]`,
      expected,
    }),
  ];
}

function noTests(config: RepoConfig, place: Place): Problem[] {
  if (config.checks.some((check) => check.kind === 'tests')) return [];
  const expected = 'nothing can be verified with it; pull requests will be drafts';
  const line = place.lineOf(['checks']);
  const fix = 'Add a check with kind: tests and a report';
  return [
    problem({
      severity: 'warning',
      file: place.file,
      line,
      what: "No 'tests' check",
      at: 'checks',
      expected,
      fix,
    }),
  ];
}
