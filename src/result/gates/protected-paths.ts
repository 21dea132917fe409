/**
 * Gate "protected paths": default deny for what changes the rules of the next run (INC-16). `allowedPaths` lifts built-in
 * patterns only; workflow files stay blocked, and so does what the configuration itself protects.
 */

import { type PathPattern, pathPattern } from '../../shared/path-pattern.ts';
import { ALWAYS_PROTECTED_PATHS, BUILT_IN_PROTECTED_PATHS } from '../protected-path-list.ts';
import type { GateFinding } from '../verdict.ts';
import { finding, type GateInput } from './gate.ts';

/** Every touched protected path blocks. Error `path-pattern-invalid`, which the caller turns into a block. */
export function protectedPaths(input: GateInput): GateFinding[] {
  const isProtected = protection(input.config);
  return input.changeSet.changes.flatMap(({ path, before, after }) => {
    if (!isProtected(path)) return [];
    const how = after === null ? 'deleted' : before === null ? 'added' : 'changed';
    return [finding('blocks', how, { path, code: 'protected-path' })];
  });
}

function protection(config: GateInput['config']): PathPattern {
  const builtIn = new Set(BUILT_IN_PROTECTED_PATHS);
  const always = anyOf(ALWAYS_PROTECTED_PATHS);
  const chosen = anyOf(config.protectedPaths.filter((pattern) => !builtIn.has(pattern)));
  const liftable = anyOf(BUILT_IN_PROTECTED_PATHS);
  const allowed = anyOf(config.allowedPaths);
  return (path) => always(path) || chosen(path) || (liftable(path) && !allowed(path));
}

function anyOf(patterns: readonly string[]): PathPattern {
  const parsed = patterns.map(pathPattern);
  return (path) => parsed.some((matches) => matches(path));
}
