/**
 * Why a pod hangs before its first container, where its status says nothing: the kubelet says it in events alone. Pure;
 * which pods are asked about, and what the newest of their events means.
 */
import { type EventSeen, isOver, type PodSeen } from '../kube-objects.ts';
import type { Trouble } from '../sandbox.ts';
import { startFailed } from './pod-trouble.ts';

/** The kubelet, and whoever attaches volumes, tries each of these again without an end. */
const COMPLAINTS: ReadonlySet<string> = new Set([
  'FailedCreatePodSandBox',
  'FailedMount',
  'FailedAttachVolume',
  'FailedMapVolume',
  'NetworkNotReady',
]);
/** What the kubelet only says once the pod's sandbox and volumes are there. */
const PROGRESS: ReadonlySet<string> = new Set(['Pulling', 'Pulled', 'Created', 'Started']);

/** True for a pod that a node has taken, of which no container has a state of its own yet. */
export function isSilent(pod: PodSeen): boolean {
  const { conditions, initContainerStatuses, containerStatuses } = pod.status;
  if (isOver(pod) || pod.metadata.deletionTimestamp !== null) return false;
  const isScheduled = conditions.some(({ type, status }) => type === 'PodScheduled' && status === 'True');
  return isScheduled && [...initContainerStatuses, ...containerStatuses].every(({ state }) => isIdle(state));
}

function isIdle({ running, terminated, waiting }: ContainerState): boolean {
  if (running || terminated) return false;
  return !waiting || waiting.reason === 'ContainerCreating' || waiting.reason === 'PodInitializing';
}

type ContainerState = PodSeen['status']['containerStatuses'][number]['state'];

/** The newest complaint among a pod's events; null where there is none, or where the kubelet came further since. */
export function startComplaint(events: readonly EventSeen[]): Trouble | null {
  const told = events.filter(({ reason }) => COMPLAINTS.has(reason) || PROGRESS.has(reason));
  const newest = told.toSorted((a, b) => timeOf(a) - timeOf(b)).at(-1);
  if (newest === undefined || PROGRESS.has(newest.reason)) return null;
  return startFailed(`${newest.reason}: ${newest.message}`);
}

const timeOf = ({ lastTimestamp, metadata }: EventSeen): number =>
  lastTimestamp ?? metadata.creationTimestamp ?? 0;
