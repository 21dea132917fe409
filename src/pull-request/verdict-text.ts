/** The verdict in words and counts: shared by the check run, the pull request, the status comment and the terminal. */
import type { CheckVerdict, Counts, Verdict } from '../result/verdict.ts';
import { codeSpan } from './foreign-text.ts';
import { groupDigits, plural } from './format.ts';

/** How many tests were run, skipped ones left out. */
export function executed(counts: Counts | null): number {
  return counts ? counts.passed + counts.failed : 0;
}

/** `149 of 149 tests pass (148 before)`. */
function testsSentence(verdict: Verdict): string {
  const { base, head } = verdict.totals;
  if (!head || executed(head) === 0) return 'no test was executed';
  const before = base ? ` (${groupDigits(base.passed)} before)` : '';
  return `${groupDigits(head.passed)} of ${plural(executed(head), 'test')} ${executed(head) === 1 ? 'passes' : 'pass'}${before}`;
}

/** `the new test fails without the change`, or what is to be said instead. */
function proofSentence(verdict: Verdict): string {
  const proofs = verdict.proofs.filter((note) => note.proof).length;
  if (proofs === 0) return 'no test shows the change';
  if (verdict.proofs.length === 1) return 'the new test fails without the change';
  return `${proofs} of ${verdict.proofs.length} new tests fail without the change`;
}

/** `8 of 8 gates passed`. */
export function gatesSentence(verdict: Verdict): string {
  const passed = verdict.gates.filter((gate) => gate.effect === 'pass' || gate.effect === 'note').length;
  return `${passed} of ${verdict.gates.length} gates passed`;
}

/** The check whose tests nothing was executed of, if one is the reason. */
export function inertCheck(verdict: Verdict): CheckVerdict | null {
  return verdict.checks.find((check) => check.kind === 'tests' && check.head?.outcome === 'inert') ?? null;
}

/** What stands after the outcome word, without cost and time. */
export function verdictSentence(verdict: Verdict, rounds: number): string {
  if (verdict.conclusion === 'success') return `${testsSentence(verdict)}, and ${proofSentence(verdict)}`;
  const inert = inertCheck(verdict);
  if (inert) return `${codeSpan(inert.run)} ran 0 tests; nothing is verified`;
  if (verdict.brokenCount > 0) return brokenSentence(verdict, rounds);
  const asking = verdict.gates.filter((gate) => gate.effect === 'asks').map((gate) => gate.gate);
  if (verdict.conclusion === 'neutral' && asking.length > 0)
    return `${testsSentence(verdict)}; ${asking.join(', ')} asks for a decision`;
  const failing = verdict.checks.find((check) => check.head !== null && check.head.outcome !== 'passed');
  return failing ? `${testsSentence(verdict)}; ${failingSentence(failing)}` : testsSentence(verdict);
}

function brokenSentence(verdict: Verdict, rounds: number): string {
  const subject = plural(verdict.brokenCount, 'test');
  const verb = verdict.brokenCount === 1 ? 'fails' : 'fail';
  return `${subject} that passed on the base ${verb} with the change, after ${plural(rounds, 'round')}`;
}

function failingSentence(check: CheckVerdict): string {
  const head = check.head;
  if (!head) return `${codeSpan(check.run)} was not run`;
  if (head.limit) return `${codeSpan(check.run)} was ended (${head.limit})`;
  if (head.outcome === 'timed-out') return `${codeSpan(check.run)} was ended (time)`;
  return `${codeSpan(check.run)} exited ${head.exitCode ?? 'without a code'}`;
}
