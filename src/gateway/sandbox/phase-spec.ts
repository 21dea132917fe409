/** What each phase is told, built from the record's rows: pure, so that a command can print it and a table can test it. */

import type { ChangeSet } from '../../result/contract/change-set.ts';
import { GATEWAY_PATHS } from '../../result/contract/gateway-api.ts';
import type {
  DeliverSpec,
  FetchSpec,
  Phase,
  PhaseSpec,
  SandboxLimits,
  SetupSpec,
  UntrustedBlock,
  WorkSpec,
} from '../../result/contract/phase-spec.ts';
import type { Pin, Snapshot } from '../../task/task.ts';

/** The rows that a spec is built from. `resume` is null in a round that starts from the base. */
export interface SpecFacts {
  readonly taskId: string;
  readonly job: string;
  readonly limits: SandboxLimits;
  readonly issueNumber: number;
  readonly snapshot: Snapshot;
  readonly pin: Pin;
  readonly round: number;
  readonly resume: { readonly changeSet: ChangeSet | null; readonly messages: readonly unknown[] } | null;
  readonly failingOutput: readonly UntrustedBlock[];
  readonly nonce: string;
}

const MAX_BLOCK = 200_000;

/** The spec of a phase; null for verify, which has no token and asks nothing. */
export function buildPhaseSpec(phase: Phase, facts: SpecFacts): PhaseSpec | null {
  switch (phase) {
    case 'fetch':
      return fetchSpec(facts);
    case 'setup':
      return setupSpec(facts);
    case 'work':
      return workSpec(facts);
    case 'deliver':
      return deliverSpec(facts);
    case 'verify':
      return null;
  }
}

function fetchSpec(facts: SpecFacts): FetchSpec {
  return { phase: 'fetch', ...common(facts), gitPath: GATEWAY_PATHS.git, baseSha: facts.pin.baseSha };
}

function setupSpec(facts: SpecFacts): SetupSpec {
  const { setup, setupTimeoutMs } = facts.pin.config;
  return { phase: 'setup', ...common(facts), commands: setup, timeoutMs: setupTimeoutMs };
}

function workSpec(facts: SpecFacts): WorkSpec {
  const { config, baseSha } = facts.pin;
  return {
    phase: 'work',
    ...common(facts),
    baseSha,
    model: config.model.id,
    maxOutputTokens: config.model.maxOutputTokens,
    contextTokens: config.model.contextTokens,
    maxTurns: config.limits.turns,
    untrusted: [issueBlock(facts), ...facts.failingOutput.map(bounded)],
    instructionFiles: config.instructionFiles,
    protectedPaths: config.protectedPaths,
    checks: config.checks,
    resume: facts.resume && { changeSet: facts.resume.changeSet, messages: [...facts.resume.messages] },
    round: facts.round,
    nonce: facts.nonce,
  };
}

function deliverSpec(facts: SpecFacts): DeliverSpec {
  const verify = { phase: 'verify' as const, ...common(facts), checks: facts.pin.config.checks };
  return { phase: 'deliver', ...common(facts), verify };
}

function common(facts: SpecFacts): { taskId: string; job: string; limits: SandboxLimits } {
  return { taskId: facts.taskId, job: facts.job, limits: facts.limits };
}

/** The issue as it was when accepted: title, body and comments in one block, in the snapshot's order. */
function issueBlock({ issueNumber, snapshot }: SpecFacts): UntrustedBlock {
  const comments = snapshot.comments.map(
    (comment) => `\n\nComment by ${comment.login} at ${comment.createdAt}:\n\n${comment.body}`,
  );
  const text = `Title: ${snapshot.title}\n\n${snapshot.body}${comments.join('')}`;
  return bounded({ label: `issue ${issueNumber}`, text });
}

function bounded(block: UntrustedBlock): UntrustedBlock {
  if (block.text.length <= MAX_BLOCK) return block;
  const note = `\n[cut: ${block.text.length} characters in all]`;
  return { label: block.label, text: block.text.slice(0, MAX_BLOCK - note.length) + note };
}
