/** Refuses job specs that this adapter cannot run as they say: a wrong spec is our own defect, so nothing is guessed. */
import { GloveboxError } from '../../shared/errors.ts';
import type { JobSpec, PhaseTokens } from '../sandbox.ts';
import { reachesGateway } from './phase-layout.ts';

/** Error `sandbox-refused`. */
export function checkSpec(spec: JobSpec, tokens: PhaseTokens): void {
  const problem = findProblem(spec, tokens);
  if (problem === null) return;
  throw new GloveboxError({
    code: 'sandbox-refused',
    message: `Job '${spec.name}' cannot run on one machine: ${problem}. This is a defect of the job's maker.`,
  });
}

function findProblem(spec: JobSpec, tokens: PhaseTokens): string | null {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(spec.name)) return 'its name is no DNS label';
  if (spec.isolation === 'pod') return "isolation 'pod' exists on a cluster only";
  if (spec.phases.length === 0) return 'it has no phase';
  if (new Set(spec.phases).size < spec.phases.length) return 'it has a phase twice';
  if (tokens.verify !== undefined) return 'verify must not have a token';
  const without = spec.phases.find((phase) => reachesGateway(phase) && tokens[phase] === undefined);
  return without === undefined ? null : `phase '${without}' has no token`;
}
