/**
 * TAP 13 and 14 with nested subtests, as node's test runner and node-tap write it. A suite's closing line repeats its
 * children and is left out, unless it fails on its own (a hook threw). A stream without a plan, or with another count
 * than planned, is unreadable: a test that ends the process with 0 must not look like a short good run.
 */
import { Parser, type Result } from 'tap-parser';
import { z } from 'zod';
import { failureKind } from './failure-kind.ts';
import { failureOf, type RawTest, type ReadReport } from './test-ids.ts';

const Diagnostics = z.looseObject({
  error: z.unknown().optional(),
  message: z.unknown().optional(),
  code: z.unknown().optional(),
  name: z.unknown().optional(),
  type: z.unknown().optional(),
  location: z.unknown().optional(),
  file: z.unknown().optional(),
  stack: z.unknown().optional(),
});

const MAX_DEPTH = 40;

interface Level {
  readonly path: readonly string[];
  /** Tests of the subtest that just ended and waits for its closing line. */
  child: { tests: RawTest[] } | null;
  readonly tests: RawTest[];
}

/** Reads one stream; lines that are no TAP are passed over. */
export function parseTap(text: string): ReadReport {
  const root: Level = { path: [], child: null, tests: [] };
  const parser = new Parser();
  let problem: string | null = null;
  parser.on('bailout', (reason: unknown) => {
    problem ??= `the TAP stream bailed out: ${String(reason).slice(0, 200)}`;
  });
  watch(parser, root, 0);
  try {
    parser.end(text);
  } catch (error) {
    return {
      problem: `the TAP stream cannot be read: ${error instanceof Error ? error.message.slice(0, 200) : 'error'}`,
    };
  }
  problem ??= planProblem(parser);
  return problem === null ? { tests: root.tests } : { problem };
}

function planProblem(parser: Parser): string | null {
  if (parser.syntheticPlan || parser.planStart === -1) return 'the TAP stream ended without a plan';
  const planned = parser.planEnd - parser.planStart + 1;
  if (planned !== parser.count) return `the TAP stream planned ${planned} tests and reported ${parser.count}`;
  return null;
}

function watch(parser: Parser, level: Level, depth: number): void {
  if (depth > MAX_DEPTH) throw new Error(`subtests nested deeper than ${MAX_DEPTH}`);
  parser.on('child', (child: Parser) => {
    const inner: Level = { path: [...level.path, child.name], child: null, tests: [] };
    level.child = inner;
    watch(child, inner, depth + 1);
  });
  parser.on('assert', (result: Result) => {
    const inner = level.child?.tests ?? [];
    level.child = null;
    level.tests.push(...inner);
    const explained = result.ok || inner.some((test) => test.status === 'failed');
    if (inner.length > 0 && explained) return;
    level.tests.push(testOf(result, level.path));
  });
}

function testOf(result: Result, path: readonly string[]): RawTest {
  const diag = Diagnostics.safeParse(result.diag);
  const facts = diag.success ? diag.data : {};
  const base = { path: [...path, result.name || `test ${result.id}`], file: fileOf(facts) };
  if (result.skip !== false || result.todo !== false) return { ...base, status: 'skipped', failure: null };
  if (result.ok) return { ...base, status: 'passed', failure: null };
  return { ...base, status: 'failed', failure: failure(diag.success ? facts : null, result.name) };
}

/** A bare `not ok` is TAP's assertion; with diagnostics they must say so. */
function failure(facts: z.infer<typeof Diagnostics> | null, name: string): RawTest['failure'] {
  if (facts === null) return failureOf('assertion', name);
  const message = [facts.error, facts.message, facts.stack]
    .filter((part) => typeof part === 'string')
    .join('\n');
  const compares = 'expected' in facts && 'actual' in facts;
  const type = [facts.code, facts.name, facts.type].filter((part) => typeof part === 'string').join(' ');
  const kind =
    compares || 'operator' in facts ? 'assertion' : failureKind(type === 'test' ? '' : type, message);
  return failureOf(kind, message || name);
}

/** node: `location: '/work/test/a.test.js:3:1'`. */
function fileOf(facts: Partial<z.infer<typeof Diagnostics>>): string | null {
  const place = [facts.location, facts.file].find((value) => typeof value === 'string');
  return typeof place === 'string' ? place.replace(/(:\d+)+$/, '').replace(/^file:\/\//, '') : null;
}
