/**
 * Tokens from inside real pods, against the real gateway: each opens its own phase for as long as that lasts, whoever
 * carries it where. Each refusal stands beside the same call with the token where it belongs.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BaseResults, NewResults } from '../../src/result/contract/cell.ts';
import { GATEWAY_PATHS } from '../../src/result/contract/gateway-api.ts';
import { clusterHere } from '../fixtures/cluster.ts';
import { type ClusterRound, openRound, readResults } from '../fixtures/cluster-round.ts';
import { apply, type ClusterWorld, openClusterWorld } from '../fixtures/cluster-world.ts';
import { mainContainer, runPlainPod } from '../fixtures/plain-pod.ts';
import { checkSpec } from '../fixtures/runner-sandbox.ts';
import { refusalReasons } from '../gateway/gateway-fixture.ts';

const Found = z.looseObject({ token: z.boolean() });
type Found = z.infer<typeof Found>;

const ASK = readFileSync(join(import.meta.dirname, '../fixtures/escape/ask.mjs'), 'utf8');
const OWN = '/run/glovebox/token';
const GIT = `GET ${GATEWAY_PATHS.git}/info/refs?service=git-upload-pack`;
const OTHER_GIT = 'GET /git/octo-org/other.git/info/refs?service=git-upload-pack';
const PUSH = `POST ${GATEWAY_PATHS.git}/git-receive-pack`;
const SPEC = `GET ${GATEWAY_PATHS.spec}`;
const SEALED = `GET ${GATEWAY_PATHS.sealed}`;
const BASE = `PUT ${GATEWAY_PATHS.baseResults} {"cells":[]}`;
const MODEL = 'POST /v1/messages';
const MINUTES = 60_000;

const ask = (file: string, ...calls: string[]) =>
  `node ask.mjs ${file} ${calls.map((call) => `'${call}'`).join(' ')}`;

describe.runIf(clusterHere)('tokens inside real pods', () => {
  let world: ClusterWorld;
  let round: ClusterRound;
  let inSetup: Found;
  let smuggled: Found;
  let inWork: Found;
  let base: Found[];
  let changed: Found[];

  beforeAll(async () => {
    world = await openClusterWorld();
    round = await openRound(world, {
      files: { 'ask.mjs': ASK },
      setup: [`cp ${OWN} "$HOME/of-setup"`, `${ask(OWN, SPEC, MODEL, SEALED)} > "$HOME/setup.json"`],
      checks: [
        checkSpec({ name: 'of setup', run: ask('"$HOME/of-setup"', SPEC, SEALED, MODEL) }),
        checkSpec({ name: 'own', run: ask(OWN, SPEC, SEALED, MODEL) }),
        checkSpec({ name: 'of work', run: ask('of-work', SPEC, SEALED, MODEL, BASE) }),
      ],
      agent: [
        'cat "$HOME/setup.json"',
        ask('"$HOME/of-setup"', SPEC, MODEL),
        ask(OWN, SPEC, MODEL, GIT, OTHER_GIT, PUSH, SEALED, BASE),
        `cp ${OWN} of-work`,
      ],
    });
    await round.run('work');
    await round.run('verify');
    [inSetup, smuggled, inWork] = [parse(answerOf(0)), parse(answerOf(1)), parse(answerOf(2))];
    const results = await readResults(world.db, round.verify);
    base = BaseResults.parse(results.base).cells.map(({ output }) => parse(output.head));
    changed = NewResults.parse(results.next)
      .cells.slice(0, 3)
      .map(({ output }) => parse(output.head));
  }, 5 * MINUTES);
  afterAll(() => world?.close(), 3 * MINUTES);

  const answerOf = (call: number) => round.agent.answers[call] ?? '';

  it("setup's own opens setup, and neither model nor sealed set", () => {
    expect(inSetup).toEqual({ token: true, [SPEC]: 200, [MODEL]: 401, [SEALED]: 403 });
  });

  it('smuggled on from setup to work: opens nothing there', () => {
    expect(smuggled).toEqual({ token: true, [SPEC]: 403, [MODEL]: 401 });
  });

  it("work's own opens work: its spec and, but for a wrong body, the model", () => {
    expect(inWork).toMatchObject({ token: true, [SPEC]: 200, [MODEL]: 422 });
  });

  it('gateway paths of another phase, git of this and of another repository, a push: closed to work', () => {
    const paths = [GIT, OTHER_GIT, PUSH, SEALED, 'PUT /sandbox/results/base'];
    expect(paths.map((path) => inWork[path])).toEqual([403, 404, 404, 403, 403]);
  });

  it('counter-test: with the token of fetch, git of this repository was open, twice', () => {
    const packs = world.git.seen.filter(({ url }) => url.endsWith('/git-upload-pack'));
    const own = `/octo-org/${round.agent.mark}.git/git-upload-pack`;
    expect(packs.map(({ url }) => url)).toEqual([own, own]);
  });

  it('smuggled on from setup to verify: opens nothing there', () => {
    expect(base[0]).toEqual({ token: true, [SPEC]: 403, [SEALED]: 403, [MODEL]: 401 });
  });

  it("deliver's is not in verify, which reaches neither deliver's paths nor the model", () => {
    const closed = { token: false, [SPEC]: 401, [SEALED]: 401, [MODEL]: 401 };
    expect([base[1], changed[1]]).toEqual([closed, closed]);
  });

  it('carried from the work pod to the verify pod in the change: opens nothing there', () => {
    expect(base[2]?.token).toBe(false);
    expect(changed[2]).toEqual({
      token: true,
      [SPEC]: 403,
      [SEALED]: 403,
      [MODEL]: 401,
      'PUT /sandbox/results/base': 403,
    });
  });

  it(
    'of a pod elsewhere with the right audience, and of a second pod of the same job: open nothing',
    async () => {
      const other = await openRound(world, { agent: [`sleep 30`] });
      await other.launch('work');
      await other.until('work', ({ status }) => status.containerStatuses[0]?.state.running !== undefined);
      const audience = `glovebox-work.${other.work}`;
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'sandbox' } };
      await apply(world.plain, [account]);
      const elsewhere = await askFrom(world, world.plain, audience);
      const second = await askFrom(world, world.namespace, audience);
      const foreign = { token: true, [SPEC]: 401 };
      expect([elsewhere, second]).toEqual([foreign, foreign]);
      expect(await refusalReasons(world.db, other.taskId)).toEqual(['namespace-foreign', 'pod-foreign']);
      expect((await other.ended('work')).status.phase).toBe('Succeeded');
    },
    3 * MINUTES,
  );
});

/** Asks from a pod of the account `sandbox` with a token that the kubelet mounts for this audience. */
async function askFrom(
  { images, gateway }: ClusterWorld,
  namespace: string,
  audience: string,
): Promise<Found> {
  const serviceAccountToken = { audience, expirationSeconds: 600, path: 'token' };
  const main = mainContainer(images.template, `cd /tmp && printf %s "$ASK" > ask.mjs && ${ask(OWN, SPEC)}`, {
    env: [{ name: 'ASK', value: ASK }],
    volumeMounts: [
      { name: 'token', mountPath: '/run/glovebox', readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
    ],
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  });
  const { log } = await runPlainPod(namespace, {
    serviceAccountName: 'sandbox',
    automountServiceAccountToken: false,
    hostAliases: [{ ip: gateway.address, hostnames: ['gateway'] }],
    securityContext: {
      runAsUser: 1_000,
      runAsGroup: 1_000,
      fsGroup: 1_000,
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [main],
    volumes: [
      { name: 'token', projected: { sources: [{ serviceAccountToken }] } },
      { name: 'tmp', emptyDir: {} },
    ],
  });
  return parse(log);
}

function parse(text: string): Found {
  return Found.parse(JSON.parse(text.split('\n').find((line) => line.startsWith('{')) ?? 'null'));
}
