/** Annotations of the check run: at most 50, in the creating request, `failure` first. */
import type { Verdict } from '../result/verdict.ts';
import { cutLine, plainLine } from './foreign-text.ts';

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

/** From the verdict's notes, gates and proofs; only those that name a file. */
export function annotations(verdict: Verdict): Annotation[] {
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
  return [...broken, ...gates, ...unproven].slice(0, MAX_ANNOTATIONS);
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
