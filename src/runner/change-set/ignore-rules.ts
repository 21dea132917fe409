/**
 * The base's ignore rules for new files, by git's own semantics, but without git: template images may have none. The
 * rules are read from `source`, so an agent that edits `.gitignore` cannot hide a file from its change set. Matching of
 * single patterns is the package `ignore`; the order of nested files (deeper ones win, an ignored folder is not looked
 * into) is here.
 */
import { readFileSync } from 'node:fs';
import ignore, { type Ignore } from 'ignore';
import { pathBytes, type TreeListing } from './list-tree.ts';

/** Says whether a new path (latin1, relative) is ignored, its folders already known not to be. */
export type IsIgnored = (path: string, folder: boolean) => boolean;

const MAX_RULE_BYTES = 1024 * 1024;

/** Reads every `.gitignore` of the base tree. */
export function readIgnoreRules(source: string, base: TreeListing): IsIgnored {
  const rules = new Map<string, Ignore>();
  for (const [path, entry] of base) {
    if (entry.kind !== 'file' || entry.bytes > MAX_RULE_BYTES) continue;
    if (path !== '.gitignore' && !path.endsWith('/.gitignore')) continue;
    const text = readFileSync(pathBytes(source, path), 'latin1');
    rules.set(
      path.slice(0, -'.gitignore'.length),
      ignore({ ignorecase: false, allowRelativePaths: true }).add(text),
    );
  }
  return (path, folder) => {
    const verdicts = prefixesOf(path).map((prefix) =>
      verdictOf(rules.get(prefix), path.slice(prefix.length), folder),
    );
    return verdicts.find((verdict) => verdict !== null) ?? false;
  };
}

/** What one file of rules says of a path below it; null: nothing. */
function verdictOf(rules: Ignore | undefined, inside: string, folder: boolean): boolean | null {
  const answer = rules?.test(folder ? `${inside}/` : inside);
  if (answer?.ignored === true) return true;
  return answer?.unignored === true ? false : null;
}

/** Folders above a path, deepest first: `a/b/c` -> `a/b/`, `a/`, ``. */
function prefixesOf(path: string): string[] {
  const prefixes = [''];
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
    prefixes.unshift(path.slice(0, slash + 1));
  }
  return prefixes;
}
