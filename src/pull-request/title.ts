/** Titles: at most 72 characters, never holding the agent's words. */
import type { Verdict } from '../result/verdict.ts';
import { formatCents, type NanoUsd } from '../shared/money.ts';
import { cutLine, plainLine } from './foreign-text.ts';
import { groupDigits, plural } from './format.ts';
import { executed, inertCheck } from './verdict-text.ts';

const MAX_TITLE = 72;

/** `Resolve #42: ...`; `Attempt at #42: ...` where not verified; `Not verified: ...` where drafts are refused. */
export function pullTitle(
  issue: { number: number; title: string },
  kind: 'verified' | 'attempt' | 'no-draft',
): string {
  const title = plainLine(issue.title);
  if (kind === 'no-draft') return cutLine(`Not verified: #${issue.number}: ${title}`, MAX_TITLE);
  return cutLine(`${kind === 'verified' ? 'Resolve' : 'Attempt at'} #${issue.number}: ${title}`, MAX_TITLE);
}

/** The check run's title; the merge box shows it. */
export function checkTitle(verdict: Verdict, rounds: number, spent: NanoUsd): string {
  return cutLine(
    `${checkResult(verdict, rounds)}${inertCheck(verdict) ? '' : `, ${formatCents(spent)}`}`,
    MAX_TITLE,
  );
}

function checkResult(verdict: Verdict, rounds: number): string {
  const inert = inertCheck(verdict);
  if (inert) return `Nothing verified: ${plainLine(inert.run)} ran 0 tests`;
  const { base, head } = verdict.totals;
  const total = executed(head);
  if (verdict.brokenCount > 0) {
    // Tests that are gone were not executed at head: the base knows how many there were.
    const known = Math.max(total, executed(base));
    return `${verdict.brokenCount} of ${plural(known, 'test')} broken, ${groupDigits(head?.passed ?? 0)} pass, ${plural(rounds, 'round')}`;
  }
  if (total === 0 || !head) return 'Nothing verified: no test was executed';
  const before = base ? ` (${groupDigits(base.passed)} before)` : '';
  if (head.failed > 0) return `${groupDigits(head.failed)} of ${plural(total, 'test')} fail${before}`;
  const proof = verdict.proofs.some((note) => note.proof) ? ', proof holds' : ', no proof';
  return `${plural(head.passed, 'test')} pass${before}${proof}`;
}
