/** Runs the eight gates, always all of them, in the order people read; a gate that throws blocks. */
import { GATE_NAMES, type GateEffect, type GateFinding, type GateResult } from '../verdict.ts';
import { binaries } from './binaries.ts';
import { bulk } from './bulk.ts';
import { dependencies } from './dependencies.ts';
import { execBits } from './exec-bits.ts';
import { finding, type Gate, type GateInput } from './gate.ts';
import { protectedPaths } from './protected-paths.ts';
import { secrets } from './secrets.ts';
import { size } from './size.ts';
import { testWeakening } from './test-weakening.ts';

/** Which function is which gate. */
export const GATES: Readonly<Record<(typeof GATE_NAMES)[number], Gate>> = {
  'protected paths': protectedPaths,
  size,
  'exec bits': execBits,
  binaries,
  secrets,
  dependencies,
  'test weakening': testWeakening,
  bulk,
};

const STRICTNESS: readonly GateEffect[] = ['pass', 'note', 'asks', 'blocks'];

/** Findings a gate may report; the rest is counted in one more, so that a verdict stays bounded. */
const MAX_FINDINGS = 100;

/** All eight results, in the order of `GATE_NAMES`. Never throws; `gates` is replaced in tests of this rule only. */
export function runGates(
  input: GateInput,
  gates: Readonly<Record<(typeof GATE_NAMES)[number], Gate>> = GATES,
): GateResult[] {
  return GATE_NAMES.map((gate) => {
    const findings = bounded(findingsOf(gates[gate], input));
    return { gate, effect: strictest(findings), findings };
  });
}

/** The strictest effect among findings; `pass` where there is none. */
export function strictest(findings: readonly GateFinding[]): GateEffect {
  const rank = findings.reduce((most, one) => Math.max(most, STRICTNESS.indexOf(one.effect)), 0);
  return STRICTNESS[rank] ?? 'blocks';
}

/** Fails closed: what could not be checked is not published. */
function findingsOf(gate: Gate, input: GateInput): GateFinding[] {
  try {
    return gate(input);
  } catch (error) {
    const name = error instanceof Error ? error.name : 'unknown';
    return [finding('blocks', `the gate itself failed (${name})`, { code: 'gate-blocked' })];
  }
}

/** Keeps the strictest ones, in their order. */
function bounded(findings: GateFinding[]): GateFinding[] {
  if (findings.length <= MAX_FINDINGS) return findings;
  const byRank = [...findings].sort((a, b) => STRICTNESS.indexOf(b.effect) - STRICTNESS.indexOf(a.effect));
  const kept = new Set(byRank.slice(0, MAX_FINDINGS));
  const left = byRank.slice(MAX_FINDINGS);
  return [
    ...findings.filter((one) => kept.has(one)),
    finding(strictest(left), `${left.length} more findings`),
  ];
}
