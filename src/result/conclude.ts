/** The verdict's conclusion and reason, from the checks' colours, the test notes and the gates: one table, strictest first. */
import type { CheckColour } from './colour-check.ts';
import type { GateResult, TestNote, Verdict } from './verdict.ts';

/** What a conclusion is drawn from. */
export interface Evidence {
  readonly empty: boolean;
  readonly colours: readonly CheckColour[];
  /** True where at least one `tests` check executed a test with new source and new tests. */
  readonly executed: boolean;
  readonly notes: readonly TestNote[];
  readonly gates: readonly GateResult[];
}

/** Conclusion, reason code and whether a pull request may be made. */
export type Conclusions = Pick<Verdict, 'conclusion' | 'reason' | 'blocked'>;

/** The first line that applies; `success` only where none does. */
export function conclude(evidence: Evidence): Conclusions {
  if (evidence.empty) return { conclusion: 'failure', reason: 'change-empty', blocked: true };
  const blocking = evidence.gates.find((gate) => gate.effect === 'blocks');
  if (blocking) return { conclusion: 'failure', reason: blockingCode(blocking), blocked: true };
  if (evidence.colours.includes('worse')) return open('failure', 'checks-failed');
  if (!evidence.executed || evidence.colours.includes('unverified'))
    return open('failure', 'nothing-verified');
  if (evidence.colours.includes('alike')) return open('neutral', 'asks-human');
  if (evidence.gates.some((gate) => gate.effect === 'asks')) return open('neutral', 'asks-human');
  if (evidence.notes.some(asksHuman)) return open('neutral', 'asks-human');
  return open('success', null);
}

/** A base test that only the change set's own tests let pass, or that could not be compared. */
function asksHuman(note: TestNote): boolean {
  return note.change === 'expectation-changed' || note.change === 'not-comparable';
}

function open(conclusion: Conclusions['conclusion'], reason: string | null): Conclusions {
  return { conclusion, reason, blocked: false };
}

function blockingCode(gate: GateResult): string {
  return gate.findings.find((one) => one.effect === 'blocks' && one.code !== null)?.code ?? 'gate-blocked';
}
