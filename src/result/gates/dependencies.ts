/**
 * Gate "dependencies": a change set that touches a manifest or lockfile is blocked whatever the configuration says, since
 * it cannot be judged without installing what it names.
 */
import { foldPath } from '../../shared/fold-path.ts';
import type { GateFinding } from '../verdict.ts';
import { DEPENDENCY_FILES } from './dependency-files.ts';
import { finding, type GateInput } from './gate.ts';

/** Every added, changed or deleted manifest or lockfile blocks. */
export function dependencies(input: GateInput): GateFinding[] {
  return input.changeSet.changes.flatMap(({ path, before, after }) => {
    const folded = foldPath(path);
    const hit = DEPENDENCY_FILES.find(([, pattern]) => pattern.test(folded));
    if (!hit) return [];
    const how = after === null ? 'deleted' : before === null ? 'added' : 'changed';
    return [finding('blocks', `a ${hit[0]} manifest or lockfile, ${how}`, { path, code: 'gate-blocked' })];
  });
}
