/** Gate "bulk": generated or vendored files hide what matters from a reviewer. */
import { foldPath } from '../../shared/fold-path.ts';
import type { ReadChange } from '../read-change-set.ts';
import { textOf } from '../text-of.ts';
import type { GateFinding } from '../verdict.ts';
import { finding, type GateInput } from './gate.ts';

const VENDORED =
  /(^|\/)(node_modules|vendor|third_party|bower_components|site-packages|\.venv|venv|pods|carthage)\//;
const BUILT =
  /(^|\/)(dist|build|out|target|coverage|__pycache__|\.next|\.nuxt)\/|\.(min\.(js|css|mjs)|map|pyc|class|o|a|so|dll)$/;
const GENERATED =
  /@generated\b|\bcode generated\b.*\bdo not edit\b|\bauto-?generated\b.*\bdo not (edit|modify)\b|\bdo not edit\b.*\bgenerated\b/i;
/** Marks stand at the top. */
const HEADER_CHARACTERS = 2_000;
const MAX_ADDED_LINES = 5_000;
const MAX_LINE_CHARACTERS = 5_000;

/** Each kind of bulk asks, once per file. */
export function bulk(input: GateInput): GateFinding[] {
  return input.changeSet.changes.flatMap((change) => {
    if (change.after === null) return [];
    const saw = kindOfBulk(change, input);
    return saw === null ? [] : [finding('asks', saw, { path: change.path })];
  });
}

function kindOfBulk(change: ReadChange, input: GateInput): string | null {
  const folded = foldPath(change.path);
  if (VENDORED.test(folded)) return 'a vendored file';
  if (BUILT.test(folded)) return 'a build product';
  const text = textOf(change.after?.bytes ?? null);
  if (text === null) return null;
  if (GENERATED.test(text.slice(0, HEADER_CHARACTERS))) return 'a generated file, by its own words';
  const diff = input.diffs.get(change.path);
  if (!diff) return 'a file too large to be compared';
  const { added } = diff;
  if (added.length > MAX_ADDED_LINES) return `${added.length} added lines`;
  const isMinified = added.some((line) => line.text.length > MAX_LINE_CHARACTERS);
  return isMinified ? `an added line of over ${MAX_LINE_CHARACTERS} characters` : null;
}
