/** What a volume may not be, and which tokens a pod may not ask for. */
import { named, type Pod } from './job-parts.ts';
import { type Mutation, ofPod } from './mutation.ts';

const volumeOf = (part: Pod, name: string) => named(part.volumes, name);

function replaceVolume(part: Pod, name: string, source: object): void {
  const volume = volumeOf(part, name);
  delete volume.emptyDir;
  Object.assign(volume, source);
}

function setToken(part: Pod, volume: string, token: { audience: string; expirationSeconds?: number }): void {
  const serviceAccountToken = { expirationSeconds: 600, path: 'token', ...token };
  volumeOf(part, volume).projected = { sources: [{ serviceAccountToken }] };
}

/** The table. */
export const VOLUME_MUTATIONS: readonly Mutation[] = [
  ...ofPod('empty folders on disk with a sizeLimit', {
    'a volume without a limit': (pod) => replaceVolume(pod, 'source', { emptyDir: {} }),
    'a volume in memory': (pod) =>
      replaceVolume(pod, 'source', { emptyDir: { sizeLimit: '1Gi', medium: 'Memory' } }),
    'a folder of the host': (pod) => replaceVolume(pod, 'source', { hostPath: { path: '/' } }),
    'a Secret': (pod) => replaceVolume(pod, 'source', { secret: { secretName: 'mine' } }),
    'a volume claim': (pod) => replaceVolume(pod, 'source', { persistentVolumeClaim: { claimName: 'mine' } }),
  }),
  ...ofPod('has no volume', {
    'an unknown volume': (pod) => {
      pod.volumes?.push({ name: 'mine', emptyDir: { sizeLimit: '1Gi' } });
    },
  }),
  ...ofPod('made for one phase of its own Job', {
    "another Job's audience": (pod) =>
      setToken(pod, 'token-work', { audience: 'glovebox-work.gb-other-work-0123456789' }),
    "another phase's audience": (pod) =>
      setToken(pod, 'token-fetch', { audience: 'glovebox-work.gb-7k2m9q-work-0123456789' }),
    "the API server's audience": (pod) =>
      setToken(pod, 'token-work', { audience: 'https://kubernetes.default.svc' }),
    "the cluster's certificates beside a token": (pod) => {
      volumeOf(pod, 'token-work').projected?.sources?.push({ configMap: { name: 'kube-root-ca.crt' } });
    },
    'no token in its volume': (pod) => {
      const volume = volumeOf(pod, 'token-work');
      delete volume.projected;
      volume.emptyDir = { sizeLimit: '1Mi' };
    },
  }),
  ...ofPod('lives for 600 seconds', {
    'a token for an hour': (pod) =>
      setToken(pod, 'token-work', {
        audience: 'glovebox-work.gb-7k2m9q-work-0123456789',
        expirationSeconds: 3_600,
      }),
  }),
];
