/**
 * A mutation: one change that would open a sandbox, to one of the two Jobs, and a piece of the message that refuses it.
 * `admission.test.ts` tries each with the policies and without.
 */
import type { JobManifest } from '../../../src/job/kube-objects.ts';
import { type Container, containerOf, type Pod, podOf } from './job-parts.ts';

/** `change` works on a copy. */
export interface Mutation {
  readonly what: string;
  readonly job: 'work' | 'verify';
  readonly change: (job: JobManifest) => void;
  readonly message: string;
}

/** Changes by what they are. */
export type Rows<Part> = Readonly<Record<string, (part: Part) => void>>;

/** Changes of the work Job. */
export function ofJob(message: string, rows: Rows<JobManifest>): Mutation[] {
  return Object.entries(rows).map(([what, change]) => ({ what, job: 'work', change, message }));
}

/** Changes of the work Job's pod. */
export function ofPod(message: string, rows: Rows<Pod>): Mutation[] {
  return Object.entries(rows).map(([what, change]) => ({
    what,
    job: 'work',
    change: (job) => change(podOf(job)),
    message,
  }));
}

/** Changes of one container, in the Job that has it. */
export function ofContainer(name: string, message: string, rows: Rows<Container>): Mutation[] {
  const job = ['verify', 'deliver'].includes(name) ? 'verify' : 'work';
  return Object.entries(rows).map(([what, change]) => ({
    what: `${name}: ${what}`,
    job,
    change: (manifest) => change(containerOf(manifest, name)),
    message,
  }));
}
