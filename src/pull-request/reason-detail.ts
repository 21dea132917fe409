/** The longer text below a reason: whose words it is stands above it, for it is never ours. */
import type { ReasonCode } from '../task/task.ts';
import { agentQuote, codeBlock, cutText } from './foreign-text.ts';
import { plural } from './format.ts';

/** GitHub's bound for a comment is 65,536 characters; the fold is cut long before. */
const MAX_DETAIL = 12_000;
const MAX_NARRATIVE = 4_000;

/** Reasons that a phase of the sandbox reported. */
const BY_SANDBOX: ReadonlySet<ReasonCode> = new Set([
  'tree-unsupported',
  'setup-failed',
  'bundle-invalid',
  'fence-not-in-force',
  'credential-found',
]);
/** Reasons whose detail is the agent's last word. */
const BY_AGENT: ReadonlySet<ReasonCode> = new Set(['change-empty', 'internal']);

/** Lines of the fold, or of the agent's quote. */
export function reasonDetail(code: ReasonCode, detail: string): string[] {
  if (BY_AGENT.has(code)) return [agentQuote(detail, MAX_NARRATIVE)];
  const lines = plural(detail.split('\n').length, 'line');
  const summary = BY_SANDBOX.has(code) ? `Reported by the sandbox, not checked: ${lines}` : lines;
  return [
    `<details open><summary>${summary}</summary>`,
    '',
    codeBlock(cutText(detail, MAX_DETAIL)),
    '</details>',
  ];
}
