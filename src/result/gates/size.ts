/** Gate "size": how many files and bytes the change set holds, against the admin's caps. */

import type { GateFinding } from '../verdict.ts';
import { finding, type GateInput } from './gate.ts';

/** Over a cap blocks; deleted files count as files. */
export function size(input: GateInput): GateFinding[] {
  const { changedFiles, changedBytes } = input.config.limits;
  const changes = input.changeSet.changes;
  const bytes = changes.reduce((sum, change) => sum + (change.after?.bytes.length ?? 0), 0);
  const findings: GateFinding[] = [];
  if (changes.length > changedFiles) {
    findings.push(
      finding('blocks', `${changes.length} files changed, at most ${changedFiles}`, { code: 'gate-blocked' }),
    );
  }
  if (bytes > changedBytes) {
    findings.push(
      finding('blocks', `${bytes} bytes changed, at most ${changedBytes}`, { code: 'gate-blocked' }),
    );
  }
  return findings;
}
