/** What the tokens are that the kubelet mounts into real pods, and what each of them opens. */
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import type { V1Job } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTokenReviewIdentity } from '../../src/gateway/token-review-identity.ts';
import { GATEWAY_PATHS } from '../../src/result/contract/gateway-api.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { closeJob } from '../../src/task/store/close-job.ts';
import type { RunningJob } from '../builders/running-job.ts';
import { auditLog, clusterHere } from '../fixtures/cluster.ts';
import { templateImage } from '../fixtures/cluster-images.ts';
import { isGood } from '../fixtures/cluster-tokens.ts';
import { type IdentityWorld, mintFor, openIdentityWorld, podOf } from '../fixtures/identity-world.ts';
import { openGateway, refusalReasons } from '../gateway/gateway-fixture.ts';

const TIMEOUT_MS = 120_000;

describe.runIf(clusterHere)('tokens of real pods', { timeout: TIMEOUT_MS }, () => {
  let world: IdentityWorld;
  beforeAll(async () => {
    world = await openIdentityWorld();
  }, TIMEOUT_MS);
  afterAll(() => world.close(), TIMEOUT_MS);

  const ask = (token: string): Promise<Response> =>
    openGateway(world.store.db, { identity: world.identity })('GET', GATEWAY_PATHS.spec, { token });

  it('are what the kubelet mounts: the first pod of a Job that takes its spec is heard, its second is not', async () => {
    const { taskId, work } = await world.openRound();
    const { batch } = world.cluster;
    await batch.createNamespacedJob({
      namespace: world.namespace,
      body: tokenPrintingJob(work, await templateImage()),
    });
    const tokens = await printedTokens(world, work, 2);
    const answers = await Promise.all(tokens.map(ask));
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 403]);
    expect(await refusalReasons(world.store.db, taskId)).toEqual(['other-pod']);
    const bound = await world.store.db
      .selectFrom('job')
      .select('bound_uid')
      .where('name', '=', work.name)
      .executeTakeFirstOrThrow();
    expect(bound.bound_uid).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('of a pod that was deleted a moment ago are still good for the API server, and refused by the record', async () => {
    const { taskId, work } = await world.openRound();
    const pod = await world.cluster.makePod(world.namespace, `${work.name}-gone`);
    const audience = `glovebox-work.${work.name}`;
    const token = await mintFor(world.cluster, pod, audience);
    expect((await ask(token)).status).toBe(200);
    await world.cluster.deletePod(pod);
    // the counter-test within: neither the API server's cache nor ours knows of the deletion
    expect(await isGood(world.cluster.config, token, audience)).toBe(true);
    expect(await world.identity.identify(token)).toMatchObject({ ok: true });
    await world.store.db.transaction().execute((trx) => closeJob(trx, work.name, 'lost'));
    expect((await ask(token)).status).toBe(403);
    expect(await refusalReasons(world.store.db, taskId)).toEqual(['job-closed']);
    await expect.poll(() => isGood(world.cluster.config, token, audience), { timeout: 30_000 }).toBe(false);
  });

  it('smuggled on from setup to work open nothing, though the API server goes on to call them good', async () => {
    const { taskId, work } = await world.openRound();
    const pod = await podOf(world, work);
    const { setup = '', work: ofWork = '' } = pod.tokens;
    expect((await ask(setup)).status).toBe(200);
    expect((await ask(ofWork)).status).toBe(200);
    expect(await isGood(world.cluster.config, setup, `glovebox-setup.${work.name}`)).toBe(true);
    expect((await ask(setup)).status).toBe(403);
    expect(await refusalReasons(world.store.db, taskId)).toEqual(['phase-over']);
  });

  it('are unknown to the API server itself: a sandbox’s token opens nothing of the cluster', async () => {
    const { work } = await world.openRound();
    const { tokens } = await podOf(world, work);
    const server = world.cluster.config.getCurrentCluster();
    expect(await requestWith(server, tokens.work ?? '')).toBe(401);
    // the counter-test within: the token that pods get by default is known there, and only RBAC is left
    const own = await world.cluster.mint({ namespace: world.namespace, name: 'sandbox' }, []);
    expect(await requestWith(server, own)).toBe(403);
  });

  it('have one spelling for us, though the API server takes each of several', async () => {
    const { work } = await world.openRound();
    const token = (await podOf(world, work)).tokens.work ?? '';
    const audience = `glovebox-work.${work.name}`;
    const spellings = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].map(
      (last) => token.slice(0, -1) + last,
    );
    const good = await Promise.all(
      spellings.map(async (each) => ((await isGood(world.cluster.config, each, audience)) ? each : null)),
    );
    const taken = good.filter((each) => each !== null);
    expect(taken.length).toBeGreaterThan(1);
    for (const each of taken) {
      expect(await world.identity.identify(each)).toMatchObject(
        each === token ? { ok: true } : { ok: false, reason: 'token-malformed' },
      );
    }
  });

  it('cost a review each, once for all replicas', async () => {
    const { work } = await world.openRound();
    const { tokens } = await podOf(world, work);
    const before = await reviewsInAuditLog(world);
    const { store, reviews } = world;
    const replicas = [1, 2, 3].map(() =>
      createTokenReviewIdentity({ db: store.db, reviews, clock: systemClock }),
    );
    for (const phase of ['fetch', 'setup', 'work'] as const) {
      for (const replica of [...replicas, ...replicas]) {
        expect(await replica.identify(tokens[phase] ?? '')).toMatchObject({ ok: true, caller: { phase } });
      }
    }
    await expect.poll(() => reviewsInAuditLog(world)).toBe(before + 3);
  });
});
/** Two pods of one Job, each printing the token that its kubelet mounted. */
function tokenPrintingJob({ name }: RunningJob, image: string): V1Job {
  const audience = `glovebox-work.${name}`;
  return {
    metadata: { name },
    spec: {
      parallelism: 2,
      completions: 2,
      backoffLimit: 0,
      template: {
        spec: {
          restartPolicy: 'Never',
          serviceAccountName: 'sandbox',
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: 'work',
              image,
              imagePullPolicy: 'IfNotPresent',
              command: ['sh', '-c', 'cat /run/glovebox/token; echo; sleep 3600'],
              volumeMounts: [{ name: 'token-work', mountPath: '/run/glovebox', readOnly: true }],
            },
          ],
          volumes: [
            {
              name: 'token-work',
              projected: {
                sources: [{ serviceAccountToken: { audience, expirationSeconds: 600, path: 'token' } }],
              },
            },
          ],
        },
      },
    },
  };
}

async function printedTokens({ cluster, namespace }: IdentityWorld, { name }: RunningJob, count: number) {
  const labelSelector = `batch.kubernetes.io/job-name=${name}`;
  const tokens = async (): Promise<string[]> => {
    const { items } = await cluster.core.listNamespacedPod({ namespace, labelSelector });
    const logs = items.map((pod) =>
      cluster.core
        .readNamespacedPodLog({ namespace, name: pod.metadata?.name ?? '' })
        .then((log) => log.trim())
        .catch(() => ''),
    );
    return (await Promise.all(logs)).filter((log) => log !== '');
  };
  await expect.poll(async () => (await tokens()).length, { timeout: 60_000, interval: 300 }).toBe(count);
  return tokens();
}

/** How many TokenReviews the API server itself has noted of this world's gateway. */
async function reviewsInAuditLog({ namespace }: IdentityWorld): Promise<number> {
  const lines = (await readFile(auditLog, 'utf8')).split('\n');
  const own = `"username":"system:serviceaccount:${namespace}:gateway"`;
  return lines.filter((line) => line.includes(own) && line.includes('"resource":"tokenreviews"')).length;
}

function requestWith(
  cluster: { readonly server: string; readonly caData?: string } | null,
  token: string,
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(
      `${cluster?.server}/api/v1/namespaces`,
      { ca: Buffer.from(cluster?.caData ?? '', 'base64'), headers: { authorization: `Bearer ${token}` } },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    )
      .on('error', reject)
      .end();
  });
}
