/**
 * The shortest edit script between two lists of lines: E. Myers, "An O(ND) Difference Algorithm and Its Variations"
 * (1986), greedy forward search with a bound on the number of edits. Used by `diff.ts` only.
 */

/** A step of the edit script, in order. */
export interface DiffStep {
  readonly op: 'same' | 'add' | 'remove';
  readonly text: string;
}

/** Edits up to which a script is sought; the trace of 1,500 takes 9 MB and well under a second. */
const MAX_EDITS = 1_500;

/** One search: `furthest[offset + k]` is the furthest x on diagonal k. */
interface Search {
  readonly a: readonly string[];
  readonly b: readonly string[];
  readonly furthest: Int32Array;
  readonly offset: number;
}

/** The steps that turn `a` into `b`, fewest edits first found; null where more than `MAX_EDITS` are needed. */
export function shortestScript(a: readonly string[], b: readonly string[]): DiffStep[] | null {
  const most = Math.min(a.length + b.length, MAX_EDITS);
  const search: Search = { a, b, furthest: new Int32Array(2 * most + 3), offset: most + 1 };
  const trace: Int32Array[] = [];
  for (let edits = 0; edits <= most; edits += 1) {
    // Only diagonals -edits-1 to edits+1 have been written so far: the rest of the array is not worth keeping.
    trace.push(search.furthest.slice(search.offset - edits - 1, search.offset + edits + 2));
    if (extendAll(search, edits)) return walkBack(trace, a, b);
  }
  return null;
}

/** One round of the search; true when the end of both lists is reached. */
function extendAll(search: Search, edits: number): boolean {
  const { a, b, furthest, offset } = search;
  for (let k = -edits; k <= edits; k += 2) {
    const down = goesDown(furthest, offset, { k, edits });
    let x = down ? at(furthest, offset + k + 1) : at(furthest, offset + k - 1) + 1;
    while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
    furthest[offset + k] = x;
    if (x >= a.length && x - k >= b.length) return true;
  }
  return false;
}

function goesDown(furthest: Int32Array, offset: number, step: { k: number; edits: number }): boolean {
  if (step.k === -step.edits) return true;
  if (step.k === step.edits) return false;
  return at(furthest, offset + step.k - 1) < at(furthest, offset + step.k + 1);
}

/** Follows the trace from the end to the start and turns it round. */
function walkBack(trace: readonly Int32Array[], a: readonly string[], b: readonly string[]): DiffStep[] {
  const steps: DiffStep[] = [];
  let x = a.length;
  let y = b.length;
  for (let edits = trace.length - 1; edits > 0; edits -= 1) {
    const from = cameFrom(trace[edits] ?? new Int32Array(0), x - y, edits);
    const edit = from.down ? added(b, from.x - from.k) : removed(a, from.x);
    const lengthOfRun = from.down ? x - from.x : x - from.x - 1;
    pushSameRun(steps, a, { end: x, count: lengthOfRun });
    steps.push(edit);
    x = from.x;
    y = from.x - from.k;
  }
  pushSameRun(steps, a, { end: x, count: x });
  return steps.reverse();
}

/** The point before the last edit on diagonal k: where it was, and whether the edit went down (added a line of b). */
function cameFrom(furthest: Int32Array, k: number, edits: number): { down: boolean; k: number; x: number } {
  const offset = edits + 1;
  const down = goesDown(furthest, offset, { k, edits });
  const fromK = down ? k + 1 : k - 1;
  return { down, k: fromK, x: at(furthest, offset + fromK) };
}

/** The `count` equal lines that end before `end`, last one first; one by one, since a run may have a million. */
function pushSameRun(steps: DiffStep[], a: readonly string[], run: { end: number; count: number }): void {
  for (let index = run.end - 1; index >= run.end - run.count; index -= 1) {
    steps.push({ op: 'same', text: a[index] ?? '' });
  }
}

function added(b: readonly string[], y: number): DiffStep {
  return { op: 'add', text: b[y] ?? '' };
}

function removed(a: readonly string[], x: number): DiffStep {
  return { op: 'remove', text: a[x] ?? '' };
}

function at(furthest: Int32Array, index: number): number {
  return furthest[index] ?? 0;
}
