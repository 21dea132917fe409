/**
 * The parts of Kubernetes' objects that we read, parsed at the door: tolerant, since newer servers add fields, and flat
 * where theirs are deep. The manifest that we write has the client's own type.
 */
import type { V1Container, V1Job, V1PodSpec, V1Volume } from '@kubernetes/client-node';
import { z } from 'zod';

/** What we create. */
export type JobManifest = V1Job;
export type PodManifest = V1PodSpec;
export type ContainerManifest = V1Container;
export type VolumeManifest = V1Volume;

/** The label by which the Job controller ties a pod to its Job. */
export const JOB_NAME_LABEL = 'batch.kubernetes.io/job-name';

/** Lists give dates, watches give texts; a time that the kubelet does not know is 1970. Unix milliseconds. */
const Time = z.coerce
  .date()
  .transform((date) => date.getTime() || null)
  .nullish()
  .transform((ms) => ms ?? null);
const Text = z.string().default('');

const Metadata = z.object({
  name: z.string(),
  uid: Text,
  resourceVersion: Text,
  creationTimestamp: Time,
  /** When the grace period ends, not when the deletion was asked for. */
  deletionTimestamp: Time,
  deletionGracePeriodSeconds: z.number().nullish(),
  labels: z.record(z.string(), z.string()).default({}),
});

const Condition = z.object({ type: z.string(), status: Text, reason: Text, message: Text });

const Container = z.object({ name: z.string(), image: Text });
const PodSpec = z.object({
  initContainers: z.array(Container).default([]),
  containers: z.array(Container),
  activeDeadlineSeconds: z.number().nullish(),
});

const Terminated = z.object({
  exitCode: z.number(),
  reason: Text,
  message: Text,
  startedAt: Time,
  finishedAt: Time,
});
const ContainerStatus = z.object({
  name: z.string(),
  state: z
    .object({
      waiting: z.object({ reason: Text, message: Text }).nullish(),
      running: z.object({ startedAt: Time }).nullish(),
      terminated: Terminated.nullish(),
    })
    .default({}),
});
export type ContainerStatus = z.infer<typeof ContainerStatus>;

/** A Job. */
export const JobSeen = z.object({
  metadata: Metadata,
  spec: z.object({ template: z.object({ spec: PodSpec }) }),
  status: z.object({ conditions: z.array(Condition).default([]) }).prefault({}),
});
export type JobSeen = z.infer<typeof JobSeen>;

/** A pod. */
export const PodSeen = z.object({
  metadata: Metadata,
  spec: PodSpec,
  status: z
    .object({
      phase: z.string().default('Pending'),
      reason: Text,
      message: Text,
      startTime: Time,
      conditions: z.array(Condition).default([]),
      initContainerStatuses: z.array(ContainerStatus).default([]),
      containerStatuses: z.array(ContainerStatus).default([]),
    })
    .prefault({}),
});
export type PodSeen = z.infer<typeof PodSeen>;

/** True once the kubelet, or whoever stands in for it, says that nothing of the pod runs any more. */
export const isOver = ({ status }: PodSeen): boolean =>
  status.phase === 'Succeeded' || status.phase === 'Failed';

/** An event about an object: why a Job gets no pod, or why a pod hangs. */
export const EventSeen = z.object({
  metadata: Metadata,
  involvedObject: z.object({ kind: Text, name: Text, uid: Text }),
  reason: Text,
  message: Text,
  lastTimestamp: Time,
});
export type EventSeen = z.infer<typeof EventSeen>;
