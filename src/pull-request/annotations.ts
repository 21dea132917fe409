/**
 * Annotations of the check run: at most 50, in the creating request, `failure` first, and only on files of the commit: a
 * report can name any path, and GitHub shows what it is given. The text counts the rest.
 */
import type { ChangeSet } from '../result/contract/change-set.ts';
import type { Verdict } from '../result/verdict.ts';
import { cutLine, plainLine } from './foreign-text.ts';
import { groupDigits, plural } from './format.ts';

/** GitHub's bound per request. */
const MAX_ANNOTATIONS = 50;

/** One annotation as GitHub's API takes it; lines are 1 where a test's line is not known. */
export interface Annotation {
  readonly path: string;
  readonly start_line: number;
  readonly end_line: number;
  readonly annotation_level: 'failure' | 'warning' | 'notice';
  readonly title: string;
  readonly message: string;
}

/** Those that are sent, and of how many. */
export interface Annotations {
  readonly shown: readonly Annotation[];
  readonly total: number;
}

/** From the verdict's notes, gates and proofs; shown are those on files that the change set puts there. */
export function annotations(verdict: Verdict, changeSet: ChangeSet): Annotations {
  const all = allAnnotations(verdict);
  const paths = new Set(changeSet.entries.flatMap((entry) => (entry.op === 'put' ? [entry.path] : [])));
  const shown = all.filter(({ path }) => paths.has(path)).slice(0, MAX_ANNOTATIONS);
  return { shown, total: all.length };
}

/** What the text says of those that are not shown; null where all are. */
export function annotationsNote({ shown, total }: Annotations): string | null {
  if (shown.length === total) return null;
  return `${groupDigits(shown.length)} of ${plural(total, 'annotation')} are shown: at most ${MAX_ANNOTATIONS}, and only on files of the commit.`;
}

/** All that name a file, whichever. */
function allAnnotations(verdict: Verdict): Annotation[] {
  const broken = verdict.notes.flatMap((note) =>
    note.change === 'broken' && note.file !== null
      ? [at(note.file, 1, 'failure', 'Broken by this change', `${note.id} passed on the base, fails here.`)]
      : [],
  );
  const gates = verdict.gates.flatMap((gate) =>
    gate.findings.flatMap((finding) =>
      finding.path !== null && (finding.effect === 'asks' || finding.effect === 'blocks')
        ? [
            at(
              finding.path,
              finding.line ?? 1,
              'warning',
              `Gate ${finding.effect}: ${gate.gate}`,
              finding.saw,
            ),
          ]
        : [],
    ),
  );
  const unproven = verdict.proofs.flatMap((note) =>
    !note.proof && note.onBase === 'passes' && note.file !== null
      ? [at(note.file, 1, 'notice', 'No proof', 'This new test passes on the base too.')]
      : [],
  );
  return [...broken, ...gates, ...unproven];
}

function at(
  path: string,
  line: number,
  level: Annotation['annotation_level'],
  ...texts: [string, string]
): Annotation {
  const [title, message] = texts;
  return {
    path,
    start_line: line,
    end_line: line,
    annotation_level: level,
    title: cutLine(title, 255),
    message: cutLine(plainLine(message), 2_000),
  };
}
