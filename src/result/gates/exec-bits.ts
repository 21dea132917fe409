/** Gate "exec bits": a file that becomes executable may run by being touched (hooks, scripts on PATH). */

import type { ReadChange } from '../read-change-set.ts';
import type { GateFinding } from '../verdict.ts';
import { finding, type GateInput } from './gate.ts';

/** A new or newly executable file asks, one that loses the bit is noted, and so is a symlink that is new or changed. */
export function execBits(input: GateInput): GateFinding[] {
  return input.changeSet.changes.flatMap((change) => {
    const saw = modeChange(change);
    return saw === null ? [] : [finding(saw[0], saw[1], { path: change.path })];
  });
}

function modeChange({ before, after }: ReadChange): ['asks' | 'note', string] | null {
  if (after === null) return null;
  if (after.mode === '120000') return ['note', 'a symlink'];
  const [was, is] = [before?.mode === '100755', after.mode === '100755'];
  if (was === is) return null;
  if (was) return ['note', 'is executable no longer'];
  return ['asks', before === null ? 'a new executable file' : 'became executable'];
}
