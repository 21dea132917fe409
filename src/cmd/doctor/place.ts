/** Where the doctor runs, which decides what can be asked from there: secrets are in the pods, never on an operator's machine. */
import { GloveboxError, hasCode } from '../../shared/errors.ts';
import { type Finding, fails, warns } from './check.ts';

/** Processes on this machine; a pod of the cluster; or a machine from which an operator looks at the cluster. */
export type Place = 'machine' | 'pod' | 'operator';

/** Whose environment a check reads. */
export type Role = 'bot' | 'gateway';

export interface PlaceFacts {
  readonly place: Place;
  /** The control plane's namespace. */
  readonly namespace: string;
}

/**
 * Reads a part of the environment, or says why the check cannot be run: on one machine a missing variable fails; around a
 * cluster it only warns, since each secret is in one pod alone.
 */
export function readHere<Env>({ place, namespace }: PlaceFacts, role: Role, read: () => Env): Env | Finding {
  try {
    return read();
  } catch (error) {
    if (!hasCode(error, 'env-invalid')) throw error;
    return place === 'machine'
      ? fails(error.message, `give this command the ${role}'s environment`)
      : notSeen(namespace, role, error.message.split(' in the environment')[0] ?? '');
  }
}

/** The check belongs into a pod that has what it needs. */
export function notSeen(namespace: string, role: Role, why: string): Finding {
  return warns(
    `not checked from here: ${why}`,
    `kubectl exec -n ${namespace} deploy/${role} -- glovebox doctor`,
  );
}

/** The message of whatever was thrown, for a finding. */
export function reasonOf(error: unknown): string {
  if (error instanceof GloveboxError) return error.message;
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
