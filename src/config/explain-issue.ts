/** A zod issue on a configuration file as problems by the house's grammar: line, path, value, what is allowed. */
import type { z } from 'zod';
import { type Problem, pathText, problem, quoteValue } from './problem.ts';
import { allowed, type Shape, shapeAt, toShape } from './schema-shape.ts';
import { suggest } from './suggest.ts';

/** What is known about the file that an issue was found in. */
export interface ExplainInput {
  readonly file: string;
  readonly value: unknown;
  readonly shape: Shape;
  lineOf(path: readonly PropertyKey[]): number;
}

type Issue = z.core.$ZodIssue;

/** All issues of one file, in the order of lines. A key that is missing because it was mistyped is reported once. */
export function explainIssues(input: ExplainInput, issues: readonly Issue[]): readonly Problem[] {
  const found = issues.flatMap((issue) => explainIssue(input, issue));
  const all = [...new Map(found.map((one) => [`${one.at} ${one.what}`, one])).values()];
  const meant = new Set(all.map((one) => keyAt(one, /^did you mean '(.*)'\?$/.exec(one.expected))));
  const kept = all.filter((one) => {
    const missing = keyAt(one, /^Missing key '(.*)'$/.exec(one.what));
    return missing === null || !meant.has(missing);
  });
  return kept.toSorted((a, b) => a.line - b.line);
}

function keyAt(one: Problem, match: RegExpExecArray | null): string | null {
  return match === null ? null : `${one.at ?? ''} ${match[1]}`;
}

/** The problems of one issue: one for each unknown key, else one. */
function explainIssue(input: ExplainInput, issue: Issue): readonly Problem[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(input, issue.path, key));
  if (issue.code === 'invalid_key') return [invalidKey(input, issue.path)];
  const nested = issue.code === 'invalid_union' ? nestedUnknown(issue) : null;
  if (nested !== null)
    return nested.keys.map((key) => unknownKey(input, [...issue.path, ...nested.path], key));
  return [invalidValue(input, issue.path)];
}

function invalidValue(input: ExplainInput, path: readonly PropertyKey[]): Problem {
  const value = valueAt(input.value, path);
  const shape = shapeAt(input.shape, path);
  const noun = shape?.title ?? String(path.at(-1) ?? 'file');
  const missing = value === undefined;
  const empty = path.length === 0 && value === null;
  return problem({
    file: input.file,
    line: input.lineOf(path),
    what: missing
      ? `Missing key '${String(path.at(-1))}'`
      : empty
        ? 'No content'
        : `Invalid ${noun} ${quoteValue(value)}`,
    at: pathText(missing ? path.slice(0, -1) : path),
    expected: `expected ${shape === null ? 'another value' : allowed(shape)}`,
    boundFrom: shape?.boundFrom ?? null,
    fix: shape?.fix ?? null,
  });
}

function unknownKey(input: ExplainInput, path: readonly PropertyKey[], key: string): Problem {
  const known = knownKeys(shapeAt(input.shape, path));
  const near = suggest(key, known);
  return problem({
    file: input.file,
    line: input.lineOf([...path, key]),
    what: `Unknown key ${quoteValue(key)}`,
    at: pathText(path),
    expected:
      near === null
        ? `expected one of ${known.map((name) => `'${name}'`).join(', ')}`
        : `did you mean '${near}'?`,
  });
}

function invalidKey(input: ExplainInput, path: readonly PropertyKey[]): Problem {
  const names = toShape(shapeAt(input.shape, path.slice(0, -1))?.propertyNames);
  return problem({
    file: input.file,
    line: input.lineOf(path),
    what: `Invalid ${names?.title ?? 'name'} ${quoteValue(path.at(-1))}`,
    at: pathText(path.slice(0, -1)),
    expected: `expected ${names === null ? 'another name' : allowed(names)}`,
  });
}

function nestedUnknown(issue: Extract<Issue, { code: 'invalid_union' }>) {
  const all: readonly Issue[] = issue.errors.flat();
  return all.find((nested) => nested.code === 'unrecognized_keys') ?? null;
}

function knownKeys(shape: Shape | null): string[] {
  const own = Object.keys(shape?.properties ?? {});
  const branches = (shape?.anyOf ?? []).map(toShape).flatMap(knownKeys);
  return [...new Set([...own, ...branches])];
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const part of path) {
    if (current === null || typeof current !== 'object' || !Object.hasOwn(current, part)) return undefined;
    current = Reflect.get(current, part);
  }
  return current;
}
