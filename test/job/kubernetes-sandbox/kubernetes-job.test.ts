/** A job's spec as the Kubernetes Job that is made of it: its order, its seal, its ends, its labels. */
import { describe, expect, it } from 'vitest';
import { kubernetesJob } from '../../../src/job/kubernetes-sandbox/kubernetes-job.ts';
import { buildPodJob, buildVerifyJob, FACTS, POD } from '../../builders/pod-job.ts';
import { containerOf, containersOf, layoutOf, podOf } from '../../fixtures/built-pod.ts';

describe('a job as a Kubernetes Job', () => {
  it('runs fetch and setup before work, and verify and deliver side by side', () => {
    expect(podOf(buildPodJob())?.initContainers?.map(({ name }) => name)).toEqual(['fetch', 'setup']);
    expect(podOf(buildPodJob())?.containers.map(({ name }) => name)).toEqual(['work']);
    expect(podOf(buildVerifyJob())?.containers.map(({ name }) => name)).toEqual(['verify', 'deliver']);
    const bare = buildPodJob({ phases: ['fetch', 'work'] });
    expect(containersOf(bare).map(({ name }) => name)).toEqual(['fetch', 'work']);
    expect(podOf(bare)?.volumes?.map(({ name }) => name)).not.toContain('token-setup');
  });

  it('runs our image where our code runs alone, and the template’s where the repository’s does', () => {
    const images = [buildPodJob(), buildVerifyJob()]
      .flatMap(containersOf)
      .map(({ name, image }) => `${name} ${image}`);
    const template = 'docker.io/library/node:24-bookworm-slim';
    expect([...new Set(images)]).toEqual([
      'fetch glovebox/runner:1',
      `setup ${template}`,
      `work ${template}`,
      `verify ${template}`,
      'deliver glovebox/runner:1',
    ]);
  });

  it.each(
    [buildPodJob(), buildVerifyJob()].flatMap((spec) =>
      containersOf(spec).map((one) => [one.name, one] as const),
    ),
  )(
    'seals %s: no root, no rights, nothing to write but its volumes, nothing of the cluster in its environment',
    (name, one) => {
      expect(one.securityContext).toEqual({
        runAsUser: name === 'deliver' ? 1_001 : 1_000,
        runAsGroup: 1_000,
        runAsNonRoot: true,
        allowPrivilegeEscalation: false,
        privileged: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(one.env).toHaveLength(8);
      expect(
        one.env?.every((variable) => variable.name.startsWith('KUBERNETES_') && variable.value === ''),
      ).toBe(true);
      const { requests, limits } = one.resources ?? {};
      expect([requests?.['cpu'], requests?.['memory']]).toEqual([limits?.['cpu'], limits?.['memory']]);
      expect(Object.keys(limits ?? {})).toEqual(['cpu', 'memory', 'ephemeral-storage']);
    },
  );

  it('lets the pod have more memory than the container that may run out of it', () => {
    const memoryOf = (name: string) => Number(containerOf(buildPodJob(), name).resources?.limits?.['memory']);
    expect(memoryOf('work')).toBe(2 ** 30);
    expect(memoryOf('fetch') - memoryOf('work')).toBe(256 * 2 ** 20);
  });

  it('gives the pod no way to a name, a service or the API server', () => {
    expect(podOf(buildPodJob())).toMatchObject({
      serviceAccountName: 'sandbox',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      restartPolicy: 'Never',
      priorityClassName: 'glovebox-sandbox',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'None',
      dnsConfig: { nameservers: ['127.0.0.1'] },
      hostAliases: [{ ip: '198.19.0.77', hostnames: ['gateway'] }],
      securityContext: {
        runAsUser: 1_000,
        runAsGroup: 1_000,
        fsGroup: 1_000,
        seccompProfile: { type: 'RuntimeDefault' },
      },
    });
    const layout = layoutOf(buildPodJob(), 'work');
    expect(layout).toMatchObject({
      gateway: { origin: 'http://gateway:8080' },
      fence: 'gateway-only',
      canaries: [],
    });
    expect(layoutOf(buildPodJob(), 'fetch')).toMatchObject({
      canaries: ['198.19.0.1:443'],
      nameServers: ['198.19.0.10'],
    });
  });

  it('ends the pod at its deadline, and the Job half an hour of waiting later', () => {
    const { spec } = kubernetesJob(buildPodJob(), FACTS);
    expect(spec?.template.spec?.activeDeadlineSeconds).toBe(1_801);
    expect(spec?.activeDeadlineSeconds).toBe(1_801 + 30 + 1_800);
    expect(spec).toMatchObject({
      backoffLimit: 0,
      parallelism: 1,
      completions: 1,
      ttlSecondsAfterFinished: 86_400,
    });
    expect(spec).not.toHaveProperty('suspend');
  });

  it('labels Job and pod alike, so that one selector finds both and only this installation’s', () => {
    const { metadata, spec } = kubernetesJob(buildPodJob(), FACTS);
    expect(metadata).toMatchObject({ name: 'gb-7k2m9q-work-9b8b9df18d', namespace: 'glovebox-sandbox' });
    expect(metadata?.labels).toEqual({
      'app.kubernetes.io/name': 'glovebox',
      'app.kubernetes.io/component': 'sandbox',
      'app.kubernetes.io/managed-by': 'glovebox',
      'glovebox.dev/store': 'a1b2c3d4e5f6a7b8c9d0',
      'glovebox.dev/task': '7k2m9q',
      'glovebox.dev/kind': 'work',
      'glovebox.dev/attempt': '2',
      'glovebox.dev/round': '3',
    });
    expect(spec?.template.metadata?.labels).toEqual(metadata?.labels);
  });

  it('takes runtime class, nodes and queue from the template', () => {
    const toleration = { key: 'sandboxes', operator: 'Exists', effect: 'NoSchedule' } as const;
    const pod = {
      ...POD,
      runtimeClass: 'gvisor',
      nodeSelector: { pool: 'a' },
      tolerations: [toleration],
      queue: 'agents',
    };
    const job = kubernetesJob(buildPodJob({ pod }), { ...FACTS, appArmor: true });
    expect(job.metadata?.labels?.['kueue.x-k8s.io/queue-name']).toBe('agents');
    expect(job.spec?.suspend).toBe(true);
    expect(job.spec?.template.spec).toMatchObject({
      runtimeClassName: 'gvisor',
      nodeSelector: { pool: 'a' },
      tolerations: [toleration],
      securityContext: { appArmorProfile: { type: 'RuntimeDefault' } },
    });
    for (const key of ['runtimeClassName', 'nodeSelector', 'tolerations'])
      expect(podOf(buildPodJob())).not.toHaveProperty(key);
  });

  it('hands tool variables over unexpanded: `$(HOME)` and `$$` stay as they are', () => {
    const toolEnv = { PROMPT: '$(KUBERNETES_PORT) $$ $(X) $HOME' };
    const spec = buildPodJob({ toolEnv });
    expect(layoutOf(spec, 'work').toolEnv).toEqual(toolEnv);
    expect(containerOf(spec, 'work').command?.[3]).toContain('$$(KUBERNETES_PORT) $$$$ $$(X) $$HOME');
  });

  it.each([
    ['no image', { image: null }],
    ['no pod', { pod: null }],
    ['another isolation', { isolation: 'bubblewrap' }],
  ] as const)('refuses a spec with %s', (_what, change) => {
    expect(() => kubernetesJob(buildPodJob(change), FACTS)).toThrow(
      /cannot run on Kubernetes: its template has isolation/,
    );
  });
});
