/**
 * Cells and a sealed change set to a verdict: reads the bundle, runs the gates, compares the tests and concludes. Pure:
 * the same record gives the same verdict, and no number or word of the agent's is in it but what is named foreign.
 */
import type { AttemptConfig } from '../config/attempt-config.ts';
import { GloveboxError, hasCode } from '../shared/errors.ts';
import type { BaseFiles } from './base-files.ts';
import { changeDiffs } from './change-diffs.ts';
import { classifyPath } from './classify-path.ts';
import { conclude } from './conclude.ts';
import type { CellResult } from './contract/cell.ts';
import { runGates } from './gates/run-gates.ts';
import { judgeChecks } from './judge-checks.ts';
import { readBundle } from './read-bundle.ts';
import type { ReadChangeSet } from './read-change-set.ts';
import { refusedVerdict } from './refused-verdict.ts';
import { removedTests } from './removed-tests.ts';
import { unifiedDiff } from './unified-diff.ts';
import type { Verdict } from './verdict.ts';

/** What a verdict is made from: all of it our own record, but for the change set, which is hostile. */
export interface JudgeInput {
  readonly config: AttemptConfig;
  /** As it was uploaded. */
  readonly changeSet: unknown;
  /** The digest that was sealed; another set is refused. */
  readonly sealedDigest: string;
  readonly baseFiles: BaseFiles;
  readonly baseCells: readonly CellResult[];
  readonly newCells: readonly CellResult[];
  /** Hashes of the tokens that this task's jobs were given. */
  readonly issuedTokenHashes?: ReadonlySet<string>;
  /** Credentials that must not appear in full or in part. */
  readonly knownSecrets?: readonly string[];
}

/** A verdict, and what it is about: the change set against its base as a unified diff, null where it could not be read. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly diff: string | null;
}

/** Judges one sealed change set. A bundle that breaks a rule gives a blocked verdict with reason `bundle-invalid`. */
export function judge(input: JudgeInput): Judgement {
  try {
    return judgeRead(input, readBundle(input));
  } catch (error) {
    if (error instanceof GloveboxError && hasCode(error, 'bundle-invalid'))
      return { verdict: refusedVerdict(error), diff: null };
    throw error;
  }
}

function judgeRead(input: JudgeInput, changeSet: ReadChangeSet): Judgement {
  const diffs = changeDiffs(changeSet);
  return { verdict: verdictOn(input, changeSet, diffs), diff: unifiedDiff(changeSet, diffs) };
}

function verdictOn(
  input: JudgeInput,
  changeSet: ReadChangeSet,
  diffs: ReturnType<typeof changeDiffs>,
): Verdict {
  const known = {
    values: input.knownSecrets ?? [],
    issuedTokenHashes: input.issuedTokenHashes ?? new Set<string>(),
  };
  const gates = runGates({ config: input.config, changeSet, diffs, known });
  const classes = changeSet.changes.map(({ path }) => ({ path, ...classifyPath(path) }));
  const judged = judgeChecks({
    checks: input.config.checks,
    cells: { base: input.baseCells, next: input.newCells },
    testsChange: classes.some(({ side }) => side === 'tests'),
    isRemoved: removedTests(changeSet),
  });
  const empty = changeSet.changes.length === 0;
  const { colours, executed, ...facts } = judged;
  return {
    ...conclude({ empty, colours, executed, notes: facts.notes, gates }),
    ...facts,
    empty,
    gates,
    harnessChanged: classes
      .filter(({ kind }) => kind === 'harness' || kind === 'fixture')
      .map(({ path }) => path),
    stat: {
      files: changeSet.changes.length,
      added: sum([...diffs.values()].map((diff) => diff.added.length)),
      removed: sum([...diffs.values()].map((diff) => diff.removed.length)),
    },
  };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
