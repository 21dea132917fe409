/**
 * What the platform has against a job, from its own reasons: conditions, container states and, for a Job that gets no
 * pod, the Job controller's events. The one place that knows their words.
 */
import type { ContainerStatus, EventSeen, PodSeen } from '../kube-objects.ts';
import type { Trouble } from '../sandbox.ts';

const MAX_MESSAGE = 500;

const NO_IMAGE: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
]);
const NO_START: ReadonlySet<string> = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'StartError',
  'ContainerCannotRun',
]);
/** `DisruptionTarget` when the node is gone or does not answer. */
const LOST_NODE: ReadonlySet<string> = new Set(['DeletionByPodGC', 'DeletionByTaintManager']);
const OWN_LIMIT =
  /exceeds the limit|exceeds the total limit of containers|exceeded its local ephemeral storage limit/;

/** True for a container's end that means it never ran. */
export const neverStarted = (reason: string): boolean => NO_START.has(reason);

/** True when the pod was evicted for what it stored itself: its volumes, its logs, its containers' layers. */
export function isOverOwnDisk({ status }: PodSeen): boolean {
  return status.reason === 'Evicted' && OWN_LIMIT.test(status.message);
}

/** What stands against a pod that is waiting or running, or what ended it from outside; null: nothing. */
export function podTrouble(pod: PodSeen): Trouble | null {
  return endedFromOutside(pod) ?? stuckContainer(pod) ?? unschedulable(pod);
}

/** A pod that its Job did not ask to end. */
export function deletedPod(pod: PodSeen): Trouble {
  return trouble('pod-deleted', `Pod '${pod.metadata.name}' was deleted, and not by us.`);
}

/** Why a Job has no pod: the event's own words; null for what passes by itself. */
export function creationTrouble({ message }: EventSeen): Trouble | null {
  if (message.includes('exceeded quota')) return trouble('quota-full', message);
  return /is forbidden|is invalid|denied/.test(message) ? trouble('admission-refused', message) : null;
}

/** What keeps the kubelet from starting a container, in its own words. */
export const startFailed = (message: string): Trouble => trouble('start-failed', message);

function endedFromOutside(pod: PodSeen): Trouble | null {
  const { reason, message } = pod.status;
  const target = conditionOf(pod, 'DisruptionTarget', 'True');
  if (reason === 'NodeLost' || (target && LOST_NODE.has(target.reason))) {
    return trouble('node-lost', `${reason || target?.reason}: ${message || target?.message}`);
  }
  if (reason === 'DeadlineExceeded' || isOverOwnDisk(pod)) return null;
  if (target) return trouble('evicted', `${target.reason}: ${target.message}`);
  return pod.status.phase === 'Failed' && reason !== '' ? trouble('evicted', `${reason}: ${message}`) : null;
}

function stuckContainer(pod: PodSeen): Trouble | null {
  for (const status of [...pod.status.initContainerStatuses, ...pod.status.containerStatuses]) {
    const found = containerTrouble(pod, status);
    if (found) return found;
  }
  return null;
}

function containerTrouble(pod: PodSeen, { name, state }: ContainerStatus): Trouble | null {
  const { reason, message } = state.waiting ?? state.terminated ?? { reason: '', message: '' };
  if (NO_IMAGE.has(reason)) {
    return trouble('image-not-pulled', `Image '${imageOf(pod, name)}': ${reason}: ${message}`);
  }
  return NO_START.has(reason) ? startFailed(`Container '${name}': ${reason}: ${message}`) : null;
}

function unschedulable(pod: PodSeen): Trouble | null {
  const condition = conditionOf(pod, 'PodScheduled', 'False');
  return condition?.reason === 'Unschedulable' ? trouble('unschedulable', condition.message) : null;
}

function conditionOf({ status }: PodSeen, type: string, value: string) {
  return status.conditions.find((condition) => condition.type === type && condition.status === value);
}

function imageOf({ spec }: PodSeen, name: string): string {
  return (
    [...spec.initContainers, ...spec.containers].find((container) => container.name === name)?.image ?? ''
  );
}

function trouble(kind: Trouble['kind'], message: string): Trouble {
  return { kind, message: message.slice(0, MAX_MESSAGE) };
}
