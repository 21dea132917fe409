/**
 * Path patterns of `protectedPaths` and `allowedPaths`. Matching compares folds (case, compatibility forms, invisible
 * characters), takes no regular expression from outside and cannot backtrack beyond pattern times path.
 *
 * `*` stands for any characters within a part, `?` for one, `**` as a whole part for any number of parts (as the last
 * part: for one or more). A pattern
 * without `/` (but for a last one) matches at any depth; with one it counts from the root. A pattern that ends in `/`, or
 * that names a folder, covers everything below. Nothing else is special: `[`, `]`, `{`, `}`, `!` and `\` are refused.
 */
import { GloveboxError } from './errors.ts';
import { foldPath } from './fold-path.ts';

const REFUSED = /[[\]{}!\\]|^[\s/]*$|(^|\/)\.\.?(\/|$)/;

/** True for text that `pathPattern` can read. */
export function isPathPattern(pattern: string): boolean {
  return !REFUSED.test(pattern);
}

/** A pattern, parsed once. */
export type PathPattern = (path: string) => boolean;

/** Parses a pattern. Error `path-pattern-invalid` for an empty one or one with refused characters. */
export function pathPattern(pattern: string): PathPattern {
  if (!isPathPattern(pattern)) {
    throw new GloveboxError({
      code: 'path-pattern-invalid',
      message: `Invalid path pattern '${pattern}' in protectedPaths or allowedPaths: expected parts of letters, '*', '?' and '**' between '/'. Write one pattern per line.`,
      audience: 'admin',
      values: { pattern },
    });
  }
  const parts = partsOf(pattern);
  return (path) => matchParts(parts, foldPath(path).split('/'));
}

function partsOf(pattern: string): string[] {
  const bare = pattern.replace(/^\/+/, '').replace(/\/+$/, '');
  const isRooted = pattern.startsWith('/') || bare.includes('/');
  const parts = foldPath(bare).split('/');
  return isRooted ? parts : ['**', ...parts];
}

/** True where the pattern's parts match the whole path or a folder above it. Row by row over the path's parts. */
function matchParts(pattern: readonly string[], path: readonly string[]): boolean {
  const isInside = pattern.at(-1) === '**';
  let reached: boolean[] = Array.from({ length: path.length + 1 }, (_, index) => index === 0);
  for (const part of isInside ? pattern.slice(0, -1) : pattern) {
    reached = part === '**' ? spread(reached) : reached.map((_, at) => isStep(reached, at, { part, path }));
  }
  // Every part but the path's last is a folder: what is inside one has a part after it.
  return (isInside ? reached.slice(0, -1) : reached).some(Boolean);
}

function spread(reached: readonly boolean[]): boolean[] {
  const first = reached.indexOf(true);
  return reached.map((_, at) => first !== -1 && at >= first);
}

function isStep(
  reached: readonly boolean[],
  at: number,
  step: { readonly part: string; readonly path: readonly string[] },
): boolean {
  return at > 0 && reached[at - 1] === true && matchPart(step.part, step.path[at - 1] ?? '');
}

/** Wildcards within one part, greedy with one retry point: linear in pattern times text. */
function matchPart(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let mark = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p;
      mark = t;
      p += 1;
    } else if (pattern[p] === '?' || pattern[p] === text[t]) {
      p += 1;
      t += 1;
    } else if (star !== -1) {
      p = star + 1;
      mark += 1;
      t = mark;
    } else return false;
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}
