/**
 * Whether a path counts as source or as tests in the four cells: one table per ecosystem. Whatever can steer a test run
 * without being tested itself (scripts, manifests, configuration, fixtures, snapshots) counts as tests, so that the base's
 * own tests run with the base's own harness.
 */
import { foldPath } from '../shared/fold-path.ts';
import { HARNESS_TABLES } from './harness-tables.ts';

/** What a file is. All but `source` count as tests. */
export type PathKind = 'source' | 'test' | 'harness' | 'fixture';

/** A path's side in the cells, what it is, and which rule said so (`node: test file`). */
export interface PathClass {
  readonly side: 'source' | 'tests';
  readonly kind: PathKind;
  readonly reason: string;
}

/** Classifies one path. Spelling tricks count as tests: they are never how a source file is named. */
export function classifyPath(path: string): PathClass {
  if (usesSpellingTricks(path))
    return { side: 'tests', kind: 'harness', reason: 'generic: unusual spelling' };
  const folded = foldPath(path);
  for (const [ecosystem, rules] of HARNESS_TABLES) {
    const rule = rules.find(({ pattern, caseMatters }) => pattern.test(caseMatters ? path : folded));
    if (rule) return { side: 'tests', kind: rule.kind, reason: `${ecosystem}: ${rule.what}` };
  }
  return { side: 'source', kind: 'source', reason: 'generic: nothing else' };
}

/** Those of the paths that count as tests, in their order: what `SealedSet.harnessPaths` carries. */
export function harnessPaths(paths: readonly string[]): string[] {
  return paths.filter((path) => classifyPath(path).side === 'tests');
}

function usesSpellingTricks(path: string): boolean {
  return (
    path.normalize('NFC').normalize('NFKC') !== path.normalize('NFC') ||
    /\p{Default_Ignorable_Code_Point}/u.test(path)
  );
}
