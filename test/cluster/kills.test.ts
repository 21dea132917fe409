/**
 * The proof about kills on a real cluster, with two bots and two gateways: sandboxes, processes of ours, the database and
 * the cluster's own parts die or stand still in the middle of a task. `kills/kill-proof.ts` says what must hold afterwards.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NAMESPACES } from '../../demo/cluster/places.ts';
import { steadily } from '../../demo/steadily.ts';
import { clusterHere } from '../fixtures/cluster.ts';
import {
  type Component,
  componentPid,
  killPod,
  makeExpendable,
  podPids,
  stopFor,
} from '../fixtures/cluster-stops.ts';
import { BODY_CALL, GREEDY, NEXT_CALL, QUICK, TEST_CALL, titleOf } from './kills/issues.ts';
import { NO_TRACES, proveUnharmed, type Traces } from './kills/kill-proof.ts';
import { type HeldWant, type KilledTask, type KillWorld, startKillWorld } from './kills/kill-world.ts';

const WORLD_MS = 900_000;
const CASE_MS = 600_000;

/** Brings a task to the moment, kills, and says what stays in the record. */
type Play = (world: KillWorld, name: string) => Promise<readonly [task: KilledTask, traces: Traces]>;

const modelCall = (of: string, nth: number, on: HeldWant['on'] = 'request'): HeldWant => ({
  nth,
  on,
  text: titleOf(of),
  side: 'model',
  method: 'POST',
  path: '^/v1/messages$',
});

const sandboxPod: Play = async (world, name) => {
  const task = await world.label(name);
  await world.whileHeld(modelCall(name, BODY_CALL), async () =>
    killPod(await world.sandboxPod(task, 'work')),
  );
  return [task, { ...NO_TRACES, lostRounds: 1 }];
};

const outOfMemory: Play = async (world, name) => {
  const task = await world.label(name);
  await world.whileHeld(modelCall(name, NEXT_CALL), async () =>
    makeExpendable(await world.sandboxPod(task, 'work')),
  );
  return [task, { ...NO_TRACES, workEnd: 'limit-memory' }];
};

const verifyPod: Play = async (world, name) => {
  const task = await world.label(name, 'slow-clock');
  await world.until(
    `${name} is verifying`,
    async () => (await world.task(task.issue))?.state === 'verifying',
  );
  const pod = await world.sandboxPod(task, 'verify');
  await world.until(`${name}: verify runs`, () => world.isRunning(pod, 'verify'));
  await killPod(pod);
  expect((await world.current(task)).state).toBe('verifying');
  return [task, { ...NO_TRACES, verifyJobs: 2 }];
};

/** What dies is everybody's: one case at a time until it is back, then the next while this one ends. */
function alone(play: Play): Play {
  return (world, name) => world.alone(() => play(world, name));
}

const botPod = alone(async (world, name) => {
  const task = await world.label(name);
  const text = `Closes #${task.issue}`;
  const pulls: HeldWant = { side: 'github', on: 'answer', method: 'POST', path: '/pulls$', text, nth: 1 };
  await world.whileHeld(pulls, async () => {
    const { id } = await world.current(task);
    const { lease_holder: holder } = await steadily(() =>
      world.line.db.selectFrom('task').select('lease_holder').where('id', '=', id).executeTakeFirstOrThrow(),
    );
    await world.killControl([podOf(holder)]);
  });
  return [task, NO_TRACES];
});

/** The gateway of the call that is held, once every call before it is settled: that happens beside the next one. */
async function gatewayOfHeld(world: KillWorld, task: KilledTask): Promise<string> {
  const { id } = await world.current(task);
  const { db } = world.line;
  const reserved = () =>
    steadily(() =>
      db
        .selectFrom('ledger_row')
        .select('gateway')
        .where('task_id', '=', id)
        .where('state', '=', 'reserved')
        .execute(),
    );
  await world.until('one call alone is not settled', async () => (await reserved()).length === 1);
  const [held] = await reserved();
  return podOf(held?.gateway ?? null);
}

const gatewayPod = alone(async (world, name) => {
  const task = await world.label(name);
  await world.whileHeld(modelCall(name, BODY_CALL, 'stream'), async () =>
    world.killControl([await gatewayOfHeld(world, task)]),
  );
  return [task, { ...NO_TRACES, lostCalls: 1 }];
});

const controlPlane = alone(async (world, name) => {
  const task = await world.label(name);
  await world.whileHeld(modelCall(name, BODY_CALL), async () => {
    await gatewayOfHeld(world, task);
    const pods = [...(await world.controlPods('bot')), ...(await world.controlPods('gateway'))];
    expect(pods).toHaveLength(4);
    await world.killControl(pods);
  });
  return [task, { ...NO_TRACES, lostCalls: 1 }];
});

/**
 * The agent is let go and what the task stands on is stopped in the same moment: its first upload, the verify job, the seal
 * and the work container's end fall into that time. (The way to let it go leads through what is stopped.)
 */
function standsStill(pids: () => Promise<readonly number[]>, seconds: number): Play {
  return async (world, name) => {
    const task = await world.label(name);
    await world.whileHeld(modelCall(name, TEST_CALL), (release) =>
      world.alone(async () => {
        const victims = await pids();
        await release();
        const stop = await stopFor(victims, seconds);
        await stop.over;
      }),
    );
    return [task, NO_TRACES];
  };
}

const component = (name: Component, seconds: number): Play =>
  standsStill(async () => [componentPid(name)], seconds);
const database = standsStill(() => podPids({ namespace: NAMESPACES.control, name: 'postgres-0' }), 10);

/** In sets, whose cases run at once. */
const SETS: readonly (readonly [string, Readonly<Record<string, Play>>])[] = [
  [
    'a sandbox dies',
    {
      'the sandbox pod, while the agent works': sandboxPod,
      'the work container, out of memory': outOfMemory,
      'the verify pod, while it judges': verifyPod,
    },
  ],
  [
    'the control plane dies',
    {
      'a bot, when the pull request is made and nobody was told': botPod,
      'a gateway, during a stream': gatewayPod,
      'all bots and gateways at once': controlPlane,
    },
  ],
  [
    'what it stands on stands still',
    {
      'the database, for 10 s': database,
      'containerd, for 20 s': component('containerd', 20),
      'the kubelet, for 20 s': component('kubelet', 20),
      'the API server, for 30 s': component('kube-apiserver', 30),
    },
  ],
];

/** Processes are called `ROLE@POD:PID`. */
function podOf(holder: string | null): string {
  const pod = /@(.+):\d+$/.exec(holder ?? '')?.[1];
  if (pod === undefined) throw new Error(`'${holder}' names no pod`);
  return pod;
}

describe.runIf(clusterHere)('a task ends as if nothing had happened', () => {
  let world: KillWorld;
  beforeAll(async () => {
    const names = SETS.flatMap(([, cases]) => Object.keys(cases));
    const scripts = names.map(
      (name) => [titleOf(name), name.endsWith('out of memory') ? GREEDY : QUICK] as const,
    );
    world = await startKillWorld({ concurrency: 3, scripts: Object.fromEntries(scripts) });
  }, WORLD_MS);
  afterAll(() => world?.close(), WORLD_MS);

  describe.each(SETS)('where %s', (_set, cases) => {
    it.concurrent.each(Object.entries(cases))('%s', { timeout: CASE_MS }, async (name, play) => {
      const [task, traces] = await play(world, name);
      await proveUnharmed(world, task, traces);
    });
  });
});
