/** The admin's bounds on a repository's values: each value over one is a problem that names the value and the bound. */
import { NANO_PER_USD } from '../shared/money.ts';
import type { AdminConfig } from './admin-config.ts';
import { type Problem, problem, quoteValue } from './problem.ts';
import { ADMIN_CONFIG_PATH, type ConfigFile } from './read-file.ts';
import type { RepoConfig } from './repo-config.ts';
import { suggest } from './suggest.ts';
import { dollarsText } from './units.ts';

/** What the bounds are checked on. */
export interface BoundInput {
  readonly admin: AdminConfig;
  readonly repo: RepoConfig;
  readonly file: ConfigFile<RepoConfig>;
  readonly from: 'repository' | 'organisation';
}

/** All values that the admin's file does not allow, in the file's order of lines. */
export function boundProblems(input: BoundInput): readonly Problem[] {
  const found = [
    ...mayChange(input),
    ...budget(input),
    ...template(input),
    ...named(input, 'model', Object.keys(input.admin.models)),
    ...timeouts(input),
  ];
  return found.toSorted((a, b) => a.line - b.line);
}

function mayChange({ admin, file, from }: BoundInput): Problem[] {
  const allowed: readonly string[] = admin.repositories.mayChange;
  const keys = file.value !== null && typeof file.value === 'object' ? Object.keys(file.value) : [];
  const over = from === 'organisation' ? [] : keys.filter((key) => !allowed.includes(key));
  return over.map((key) =>
    bound(file, [key], {
      what: `Key ${quoteValue(key)}`,
      expected: `expected only ${listed(allowed)}, as repositories.mayChange allows`,
      fix: 'Remove it',
    }),
  );
}

function budget({ admin, repo, file }: BoundInput): Problem[] {
  const asked = repo.budget.perTask;
  const most = admin.budget.perTask;
  if (asked === undefined || asked <= most) return [];
  return [
    bound(file, ['budget', 'perTask'], {
      what: `Invalid budget '${dollarsOf(asked)}'`,
      expected: `expected 0.01 to ${dollarsOf(most)} US dollars`,
      fix: 'Write a number in this range',
    }),
  ];
}

function template(input: BoundInput): Problem[] {
  const known = Object.keys(input.admin.templates);
  if (input.repo.template !== undefined || input.admin.defaultTemplate !== undefined) {
    return named(input, 'template', known);
  }
  const expected = `expected one of ${listed(known)}`;
  return [bound(input.file, ['template'], { what: "Missing key 'template'", expected, fix: null }, null)];
}

function named({ repo, file }: BoundInput, key: 'template' | 'model', known: readonly string[]): Problem[] {
  const name = repo[key];
  if (name === undefined || known.includes(name)) return [];
  const near = suggest(name, known);
  return [
    bound(file, [key], {
      what: `Unknown ${key} ${quoteValue(name)}`,
      expected: `expected one of ${listed(known)}`,
      fix: near === null ? null : `Did you mean '${near}'?`,
    }),
  ];
}

function timeouts({ admin, repo, file }: BoundInput): Problem[] {
  const most = admin.limits.verify;
  return repo.checks.flatMap((check, index) => {
    if (check.timeout <= most) return [];
    const path = ['checks', index, 'timeout'];
    return [
      bound(file, path, {
        what: `Invalid timeout '${check.timeout / 1_000} s'`,
        expected: `expected at most ${most / 1_000} s, the admin's limits.verify`,
        fix: 'Write a shorter one',
      }),
    ];
  });
}

type Words = Pick<Problem, 'what' | 'expected' | 'fix'>;

function bound(
  file: ConfigFile<RepoConfig>,
  path: readonly (string | number)[],
  words: Words,
  at: string | null = path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .slice(1),
): Problem {
  return problem({ file: file.file, line: file.lineOf(path), at, boundFrom: ADMIN_CONFIG_PATH, ...words });
}

function listed(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}

function dollarsOf(amount: bigint): string {
  return dollarsText(Number(amount) / Number(NANO_PER_USD));
}
