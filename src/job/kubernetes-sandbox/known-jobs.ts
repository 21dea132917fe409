/**
 * What lists, watches and our own calls told of the jobs of one namespace, joined by job. Lists are the truth, but older
 * than what was learned after they were asked for; what is gone is kept for a while, so that its end can still be read.
 */
import type { Followed } from '../kube-cluster.ts';
import { type EventSeen, isOver, JOB_NAME_LABEL, type JobSeen, type PodSeen } from '../kube-objects.ts';
import type { Trouble } from '../sandbox.ts';
import type { KnownJob } from './classify-end.ts';
import { podTrouble } from './pod-trouble.ts';
import { isSilent } from './start-complaint.ts';

/** An object as last seen. `touched`: the step at which. */
interface Known<Seen> {
  seen: Seen;
  gone: boolean;
  touched: number;
}

interface SeenOfPod extends Known<PodSeen> {
  complaint: Trouble | null;
}

/** A pod that says nothing by itself. */
export interface SilentPod {
  readonly job: string;
  readonly uid: string;
}

interface Entry {
  readonly name: string;
  job: Known<JobSeen> | null;
  readonly pods: Map<string, SeenOfPod>;
  /** We asked for its deletion; it may not have been heard of yet. */
  deleted: boolean;
  /** Nobody will ask for it any more, once nothing of it runs. */
  removed: boolean;
  goneAt: number | null;
}

/** How long the end of what is gone can be read, in milliseconds. */
const KEEP_MS = 600_000;

/** The jobs of one namespace. */
export class KnownJobs {
  readonly #entries = new Map<string, Entry>();
  /** By job; an event may be heard of before its job. */
  readonly #failedCreates = new Map<string, EventSeen>();
  readonly #tell: (name: string) => void;
  readonly #now: () => number;
  #step = 0;

  constructor(tell: (name: string) => void, now: () => number) {
    this.#tell = tell;
    this.#now = now;
  }

  /** A moment: what is noted later is newer than a list that is asked for now. */
  moment(): number {
    this.#step += 1;
    return this.#step;
  }

  /** Null: nothing was seen of it. */
  get(name: string): (KnownJob & { readonly removed: boolean }) | null {
    const entry = this.#entries.get(name);
    if (entry === undefined) return null;
    const { job, deleted, removed } = entry;
    const failedCreate = this.#failedCreates.get(name) ?? null;
    const pods = [...entry.pods.values()]
      .toSorted((a, b) => (a.seen.metadata.creationTimestamp ?? 0) - (b.seen.metadata.creationTimestamp ?? 0))
      .map(({ seen, gone, complaint }) => ({ pod: seen, gone, complaint }));
    return {
      name,
      job: job?.seen ?? null,
      jobGone: deleted || (job?.gone ?? false),
      pods,
      failedCreate,
      removed,
    };
  }

  /** Names of all jobs of which something exists, or whose end we asked for and may still be asked about. */
  names(): readonly string[] {
    return [...this.#entries.values()]
      .filter((entry) => isThere(entry) || (entry.deleted && !entry.removed))
      .map(({ name }) => name);
  }

  /** What an answer to our own call holds: it may be older than what the watch told already. */
  noteJob(job: JobSeen): void {
    const { name } = job.metadata;
    const entry = this.#entry(name);
    if (entry.job !== null) return;
    entry.job = { seen: job, gone: false, touched: this.moment() };
    this.#tell(name);
  }

  noteDeleted(name: string): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined) entry.deleted = true;
  }

  noteRemoved(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    entry.removed = true;
    this.#settle(entry);
  }

  jobChanged(seen: JobSeen, gone: boolean): void {
    const entry = this.#entry(seen.metadata.name);
    entry.job = { seen, gone, touched: this.moment() };
    this.#settle(entry);
  }

  podChanged(seen: PodSeen, gone: boolean): void {
    const name = seen.metadata.labels[JOB_NAME_LABEL];
    if (name === undefined) return;
    const entry = this.#entry(name);
    const before = entry.pods.get(seen.metadata.uid);
    // an end is final: that the pod is tidied away later says nothing about it
    const last = before !== undefined && isOver(before.seen) ? before.seen : seen;
    const complaint = complaintOf(last, before);
    entry.pods.set(seen.metadata.uid, { seen: last, gone, touched: this.moment(), complaint });
    this.#settle(entry);
  }

  silentPods(): readonly SilentPod[] {
    return [...this.#entries.values()].flatMap(({ name, pods }) =>
      [...pods].flatMap(([uid, { seen, gone }]) => (!gone && isSilent(seen) ? [{ job: name, uid }] : [])),
    );
  }

  /** What a silent pod's events say; it may have begun since they were asked for. */
  noteComplaint({ job, uid }: SilentPod, complaint: Trouble | null): void {
    const pod = this.#entries.get(job)?.pods.get(uid);
    if (pod === undefined || !isSilent(pod.seen)) return;
    pod.complaint = complaint;
    this.#tell(job);
  }

  /** Those of Jobs that are not ours are forgotten with the next list. */
  eventChanged(seen: EventSeen): void {
    const { name } = seen.involvedObject;
    this.#failedCreates.set(name, seen);
    if (this.#entries.has(name)) this.#tell(name);
  }

  jobsListed(jobs: readonly Followed['jobs'][], began: number): void {
    const names = new Set(jobs.map(({ metadata }) => metadata.name));
    for (const job of jobs) this.jobChanged(job, false);
    for (const entry of this.#entries.values()) {
      if (entry.job !== null && !names.has(entry.name)) this.#missing(entry, entry.job, began);
    }
    this.#sweep();
  }

  podsListed(pods: readonly Followed['pods'][], began: number): void {
    const uids = new Set(pods.map(({ metadata }) => metadata.uid));
    for (const pod of pods) this.podChanged(pod, false);
    for (const entry of this.#entries.values()) {
      for (const [uid, pod] of entry.pods) if (!uids.has(uid)) this.#missing(entry, pod, began);
    }
  }

  #missing(entry: Entry, known: Known<unknown>, began: number): void {
    if (known.gone || known.touched > began) return;
    known.gone = true;
    this.#settle(entry);
  }

  #entry(name: string): Entry {
    const known = this.#entries.get(name);
    if (known !== undefined) return known;
    const entry: Entry = {
      name,
      job: null,
      pods: new Map(),
      deleted: false,
      removed: false,
      goneAt: null,
    };
    this.#entries.set(name, entry);
    return entry;
  }

  #settle(entry: Entry): void {
    if (isThere(entry)) entry.goneAt = null;
    else if (entry.removed) this.#entries.delete(entry.name);
    else entry.goneAt ??= this.#now();
    this.#tell(entry.name);
  }

  #sweep(): void {
    for (const { name, goneAt } of this.#entries.values()) {
      if (goneAt !== null && this.#now() - goneAt > KEEP_MS) this.#entries.delete(name);
    }
    for (const name of this.#failedCreates.keys()) {
      if (!this.#entries.has(name)) this.#failedCreates.delete(name);
    }
  }
}

function isThere({ job, deleted, pods }: Entry): boolean {
  return (job !== null && !job.gone && !deleted) || [...pods.values()].some(({ gone }) => !gone);
}

/** Kept until another container begins: what follows may overwrite it in the status. */
function complaintOf(seen: PodSeen, before: SeenOfPod | undefined): Trouble | null {
  const found = podTrouble(seen);
  if (found?.kind === 'start-failed') return found;
  if (before === undefined || begun(seen) > begun(before.seen)) return null;
  return before.complaint;
}

/** Containers that ran, or run. */
function begun({ status }: PodSeen): number {
  const states = [...status.initContainerStatuses, ...status.containerStatuses].map(({ state }) => state);
  return states.filter(({ running, terminated }) => running || (terminated?.startedAt ?? null) !== null)
    .length;
}
