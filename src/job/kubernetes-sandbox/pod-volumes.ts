/** The volumes of a job's pod: bounded empty folders and one short-lived token for each phase that talks to the gateway. */
import type { Phase } from '../../result/contract/phase-spec.ts';
import type { VolumeManifest } from '../kube-objects.ts';
import { type JobSpec, SCRATCH_SHARE } from '../sandbox.ts';
import { mountsOf } from './pod-layout.ts';

const MIB = 2 ** 20;
/** Node (127 MB) and the runner's one file. */
const RUNNER_BYTES = 256 * MIB;
/** Results and sealed sets are bounded by what the gateway takes in one body. */
const EXCHANGE_BYTES = 256 * MIB;
/** fetch and deliver keep nothing but git's and Node's own small files there. */
const OWN_TMP_BYTES = 64 * MIB;
/** Standard output and error of all containers, which the kubelet counts too. */
const LOG_BYTES = 64 * MIB;

/** The shortest life that the API server gives a token. */
const TOKEN_SECONDS = 600;

/** The audience that a phase's token is for; the gateway asks for exactly this one. */
function tokenAudience(phase: Phase, job: string): string {
  return `glovebox-${phase}.${job}`;
}

/** All volumes that the job's containers mount, each once. */
export function podVolumes(spec: JobSpec): VolumeManifest[] {
  const names = new Set(spec.phases.flatMap((phase) => mountsOf(phase).map(({ volume }) => volume)));
  return [...names].map((name) => volumeOf(spec, name));
}

/** What the pod may hold on its node's disk at most: every volume at its limit, and the logs. */
export function podDiskBytes(spec: JobSpec): number {
  const names = new Set(spec.phases.flatMap((phase) => mountsOf(phase).map(({ volume }) => volume)));
  const volumes = [...names].filter((name) => tokenPhase(spec, name) === undefined);
  return volumes.reduce((sum, name) => sum + sizeOf(spec, name), LOG_BYTES);
}

function volumeOf(spec: JobSpec, name: string): VolumeManifest {
  const phase = tokenPhase(spec, name);
  if (phase === undefined) return { name, emptyDir: { sizeLimit: String(sizeOf(spec, name)) } };
  const serviceAccountToken = {
    audience: tokenAudience(phase, spec.name),
    expirationSeconds: TOKEN_SECONDS,
    path: 'token',
  };
  return { name, projected: { sources: [{ serviceAccountToken }] } };
}

function tokenPhase(spec: JobSpec, volume: string): Phase | undefined {
  return spec.phases.find((phase) => volume === `token-${phase}`);
}

function sizeOf({ limits }: JobSpec, name: string): number {
  if (name === 'scratch') return limits.diskBytes * SCRATCH_SHARE;
  if (name === 'runner') return RUNNER_BYTES;
  if (name === 'results' || name === 'sealed') return EXCHANGE_BYTES;
  if (name === 'tmp-fetch' || name === 'tmp-deliver') return OWN_TMP_BYTES;
  return limits.diskBytes;
}
