/** How trial sandboxes end: whatever becomes of them they are removed, and so are those that a killed run left. */
import { beforeEach, describe, expect, it } from 'vitest';
import { GloveboxError } from '../../../../src/shared/errors.ts';
import { answered, forbidden } from '../../../fakes/fake-kube-requests.ts';
import { EVENTS, JOBS, PODS, TrialCluster } from '../../../fixtures/trial-cluster.ts';

let cluster: TrialCluster;
beforeEach(() => {
  cluster = new TrialCluster();
});

describe('a trial sandbox', () => {
  it('ends with the image and the kubelet’s reason where that cannot be pulled, and is removed', async () => {
    const waiting = { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } };
    cluster.ended = [{ name: 'fetch', state: waiting }];
    expect(await cluster.run()).toMatchObject({
      trouble: {
        kind: 'image-not-pulled',
        message: "Image 'runner': ImagePullBackOff: Back-off pulling image",
      },
      containers: [],
      token: null,
    });
    expect(cluster.job).toBeNull();
  });

  it('ends with the quota’s own words where it gets no pod, and is removed', async () => {
    cluster.kube.on('GET', PODS, () => answered({ items: [] }));
    cluster.kube.on('GET', EVENTS, () =>
      answered({
        items: [
          {
            metadata: { name: 'e' },
            involvedObject: { kind: 'Job', name: 'gb' },
            reason: 'FailedCreate',
            message: 'pods is forbidden: exceeded quota: sandbox',
          },
        ],
      }),
    );
    expect((await cluster.run()).trouble).toEqual({
      kind: 'quota-full',
      message: 'pods is forbidden: exceeded quota: sandbox',
    });
    expect(cluster.job).toBeNull();
  });

  it('ends by itself where nothing is ever heard of it, and is removed', async () => {
    cluster.kube.on('GET', PODS, () => answered({ items: [] }));
    expect((await cluster.run()).trouble).toEqual({
      kind: 'start-failed',
      message: 'it did not end within 180 s',
    });
    expect(cluster.job).toBeNull();
  });

  it('is removed where its pod cannot be watched', async () => {
    cluster.kube.on('GET', PODS, () => forbidden('list', 'pods'));
    await expect(cluster.run()).rejects.toMatchObject({ code: 'kubernetes-refused' });
    expect(cluster.job).toBeNull();
  });

  it('is removed where somebody interrupts', async () => {
    const interrupted = new AbortController();
    cluster.ended = [{ name: 'fetch', state: { running: {} } }];
    cluster.kube.on('GET', PODS, () => {
      interrupted.abort(new Error('interrupted'));
      return answered({ items: [cluster.pod()] });
    });
    await expect(cluster.run(interrupted.signal)).rejects.toThrow('interrupted');
    expect(cluster.job).toBeNull();
  });

  it('says what is left where it cannot be removed', async () => {
    cluster.kube.on('GET', PODS, () => {
      const name = cluster.job?.metadata.name ?? '';
      cluster.kube.on('DELETE', `${JOBS}/${name}`, () => forbidden('delete', 'jobs'));
      cluster.kube.on('GET', `${JOBS}/${name}`, () => answered({}));
      return answered({ items: [cluster.pod()] });
    });
    const { leftOver } = await cluster.run();
    expect(leftOver).toMatchObject({
      state: 'warns',
      fix: expect.stringMatching(/^kubectl delete job -n glovebox-sandbox gb-doctor-work-[0-9a-f]{10}$/),
    });
  });
});

describe('before a trial', () => {
  it('Jobs that a killed run left are removed, and those of a run under way are not', async () => {
    const old = { name: 'gb-doctor-work-old', creationTimestamp: '2026-11-21T13:00:00Z' };
    const fresh = { name: 'gb-doctor-work-new', creationTimestamp: '2026-11-21T14:05:00Z' };
    cluster.kube.on('GET', JOBS, () => answered({ items: [{ metadata: old }, { metadata: fresh }] }));
    await cluster.run();
    const deleted = cluster.kube.asked.filter(({ method }) => method === 'DELETE').map(({ path }) => path);
    expect(deleted).toContain(`${JOBS}/gb-doctor-work-old`);
    expect(deleted).not.toContain(`${JOBS}/gb-doctor-work-new`);
    const [listed] = cluster.kube.asked.filter(({ path }) => path.startsWith(`${JOBS}?`));
    expect(listed?.path).toContain(encodeURIComponent('glovebox.dev/store=doctor'));
  });
});

describe('where no Job can be made', () => {
  it('since nobody answered, it is removed: it may have been made', async () => {
    cluster.kube.on('POST', JOBS, ({ body }) => {
      cluster.take(body);
      throw new GloveboxError({ code: 'kubernetes-unavailable', message: 'no answer' });
    });
    await expect(cluster.run()).rejects.toMatchObject({ code: 'kubernetes-unavailable' });
    expect(cluster.job).toBeNull();
  });
});
