/** The Job by which the doctor tries a sandbox: a work job like any other, but told to try itself and end. Pure. */
import type { JobManifest } from '../../../job/kube-objects.ts';
import { kubernetesJob } from '../../../job/kubernetes-sandbox/kubernetes-job.ts';
import type { JobSpec } from '../../../job/sandbox.ts';
import { jobName } from '../../../shared/ids.ts';
import type { Installed } from '../cluster/cluster.ts';
import type { SandboxTemplate } from '../cluster/sandbox-templates.ts';
import type { Surroundings } from './surroundings.ts';

/** No task has such an id: letters like `o` are not in theirs. */
const TASK = 'doctor';
/** Stands where a store's name would: no bot takes our Jobs for its own, and we find what an earlier run left. */
export const DOCTOR_STORE = 'doctor';
/** What the pod may take at most, images included. */
export const TRIAL_MS = 180_000;
const ANSWER_FILE = '/dev/termination-log';

/** What makes one Job of a template. */
export interface TrialWish {
  readonly template: SandboxTemplate;
  readonly env: Installed['env'];
  readonly around: Surroundings;
  readonly answerKey: string;
  /** Names the Job; never used twice. */
  readonly number: number;
}

/** Builds it. */
export function trialJob({ template, env, around, answerKey, number }: TrialWish): JobManifest {
  return kubernetesJob(trialSpec(template, number), {
    store: DOCTOR_STORE,
    runnerImage: env.runnerImage,
    gateway: around.gateway,
    canaries: around.canaries.map(({ address }) => address),
    nameServers: around.nameServers,
    appArmor: env.appArmor,
    selfTest: { answerFile: ANSWER_FILE, answerKey, doubtful: around.nodes.map(({ address }) => address) },
  });
}

function trialSpec({ image, pod, limits }: SandboxTemplate, number: number): JobSpec {
  const key = { taskId: TASK, attempt: 1, round: 1, kind: 'work' as const, number };
  return {
    ...key,
    name: jobName(key),
    phases: ['fetch', 'work'],
    isolation: 'pod',
    image,
    limits,
    deadlineMs: TRIAL_MS,
    pod,
    toolEnv: {},
  };
}
