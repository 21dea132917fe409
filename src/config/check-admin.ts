/** Rules across the keys of the admin's file: names that refer to others exist, and a repository has one team. */
import type { AdminConfig } from './admin-config.ts';
import { type Place, type Problem, problem, quoteValue } from './problem.ts';
import { suggest } from './suggest.ts';
import type { Template } from './template-config.ts';

/** All problems of names that lead nowhere. */
export function checkAdmin(config: AdminConfig, place: Place): readonly Problem[] {
  const templates = Object.keys(config.templates);
  const teams = Object.keys(config.teams);
  return [
    ...unknownName(
      { noun: 'template', path: ['defaultTemplate'], name: config.defaultTemplate, known: templates },
      place,
    ),
    ...unknownName(
      { noun: 'model', path: ['defaultModel'], name: config.defaultModel, known: Object.keys(config.models) },
      place,
    ),
    ...Object.keys(config.budget.team).flatMap((name) =>
      unknownName({ noun: 'team', path: ['budget', 'team', name], name, known: teams }, place),
    ),
    ...sharedRepositories(config, place),
    ...Object.entries(config.templates).flatMap(([name, template]) => podKeys(name, template, place)),
  ];
}

/** A pod needs an image, and only a pod has a pod's keys. */
function podKeys(name: string, template: Template, place: Place): Problem[] {
  const isPod = template.isolation === 'pod';
  const at = `templates.${name}`;
  if (isPod && template.image === null) {
    const line = place.lineOf(['templates', name]);
    const fix = "Name the container image that has the repository's toolchain";
    return [
      problem({
        file: place.file,
        line,
        what: "Missing key 'image'",
        at,
        expected: "expected an image with isolation 'pod'",
        fix,
      }),
    ];
  }
  if (isPod || template.pod === undefined) return [];
  const line = place.lineOf(['templates', name, 'pod']);
  const expected = `expected it only with isolation 'pod', not with '${template.isolation}'`;
  return [problem({ file: place.file, line, what: "Unexpected key 'pod'", at, expected })];
}

interface Reference {
  readonly noun: string;
  readonly path: readonly string[];
  readonly name: string | undefined;
  readonly known: readonly string[];
}

function unknownName({ noun, path, name, known }: Reference, place: Place): Problem[] {
  if (name === undefined || known.includes(name)) return [];
  const near = suggest(name, known);
  return [
    problem({
      file: place.file,
      line: place.lineOf(path),
      what: `Unknown ${noun} ${quoteValue(name)}`,
      at: path.join('.'),
      expected: near === null ? `expected one of ${listed(known)}` : `did you mean '${near}'?`,
    }),
  ];
}

function sharedRepositories(config: AdminConfig, place: Place): Problem[] {
  const owners = new Map<string, string>();
  const found: Problem[] = [];
  for (const [team, names] of Object.entries(config.teams)) {
    for (const [index, name] of names.entries()) {
      const first = owners.get(name.toLowerCase());
      if (first === undefined) owners.set(name.toLowerCase(), team);
      else found.push(shared({ team, index, name, first }, place));
    }
  }
  return found;
}

function shared(one: { team: string; index: number; name: string; first: string }, place: Place): Problem {
  return problem({
    file: place.file,
    line: place.lineOf(['teams', one.team, one.index]),
    what: `Repository ${quoteValue(one.name)} in two teams`,
    at: `teams.${one.team}[${one.index}]`,
    expected: `expected one team that pays; '${one.first}' has it too`,
  });
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none, since none is defined' : names.map((name) => `'${name}'`).join(', ');
}
