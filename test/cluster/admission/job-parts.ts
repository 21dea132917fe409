/** Finds the parts of a Job that a mutation changes; a part that is not there is an error, so that no mutation is empty. */
import type { JobManifest } from '../../../src/job/kube-objects.ts';

type Spec = NonNullable<JobManifest['spec']>;
export type Pod = NonNullable<Spec['template']['spec']>;
export type Container = Pod['containers'][number];

/** The Job's own spec. */
export function jobOf({ spec }: JobManifest): Spec {
  return found(spec, 'spec');
}

/** The pod's. */
export function podOf(job: JobManifest): Pod {
  return found(jobOf(job).template.spec, 'pod');
}

/** A container or init container by its name. */
export function containerOf(job: JobManifest, name: string): Container {
  const { containers, initContainers = [] } = podOf(job);
  return named([...initContainers, ...containers], name);
}

/** The element of that name. */
export function named<Item extends { name: string }>(items: readonly Item[] | undefined, name: string): Item {
  return found(
    items?.find((item) => item.name === name),
    name,
  );
}

/** What must be there. */
export function found<Value>(value: Value | null | undefined, what: string): Value {
  if (value === undefined || value === null) throw new Error(`The Job has no ${what}.`);
  return value;
}
