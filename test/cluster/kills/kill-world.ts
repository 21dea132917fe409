/** The cluster's line as the kill suite plays with it: a task is brought to a moment, something dies, the task ends. */

import type { OpenHold } from '../../../demo/cluster/control-wire.ts';
import { NAMESPACES } from '../../../demo/cluster/places.ts';
import { steadily } from '../../../demo/steadily.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import type { Task } from '../../../src/task/task.ts';
import { type ClusterScenarios, startClusterScenarios } from '../../fixtures/cluster-line.ts';
import { killPod, type PodName } from '../../fixtures/cluster-stops.ts';
import { REPOSITORIES, titleOf } from './issues.ts';

/** One task on its way. */
export interface KilledTask {
  readonly name: string;
  readonly issue: number;
}

/** What a case does. Times out with what it waited for. */
export interface KillWorld extends ClusterScenarios {
  /** Opens and labels the case's issue. */
  label(name: string, repository?: string): Promise<KilledTask>;
  /** Plays `act` while a request waits until `release`; it is let go afterwards in any case. */
  whileHeld(want: HeldWant, act: (release: () => Promise<void>) => Promise<void>): Promise<void>;
  /** The last task of the case's issue. */
  current(of: KilledTask): Promise<Task>;
  /** Waits until the task is so. */
  until(what: string, isIt: () => Promise<boolean>, limitMs?: number): Promise<void>;
  /** The pod of the task's last job of that kind. */
  sandboxPod(of: KilledTask, kind: 'work' | 'verify'): Promise<PodName>;
  /** True while that container of the pod runs. */
  isRunning(pod: PodName, container: string): Promise<boolean>;
  /** Kills the control plane's pods of these names, at once; resolves when as many are ready again. */
  killControl(names: readonly string[]): Promise<void>;
  /** Pods of a Deployment. */
  controlPods(component: 'bot' | 'gateway'): Promise<readonly string[]>;
  /** One after another: stops of what all tasks need. */
  alone<Value>(act: () => Promise<Value>): Promise<Value>;
}

/** Which request waits: the `nth` one whose body holds `text`. */
export type HeldWant = OpenHold;

const LOOK_EVERY_MS = 250;
const MOMENT_MS = 180_000;

/** Starts it with room for `concurrency` tasks at once. */
export async function startKillWorld(options: {
  readonly concurrency: number;
  readonly scripts: Parameters<typeof startClusterScenarios>[0]['scripts'];
}): Promise<KillWorld> {
  const { concurrency, scripts } = options;
  const world = await startClusterScenarios({
    scenarios: {},
    ...(scripts === undefined ? {} : { scripts }),
    repositories: REPOSITORIES,
    adminLines: `concurrency: { installation: ${concurrency}, repository: ${concurrency} }\n`,
    cpu: '250m',
  });
  return { ...world, ...moments(world), ...victims(world), alone: oneByOne() };
}

function moments(world: ClusterScenarios): Pick<KillWorld, 'label' | 'whileHeld' | 'current' | 'until'> {
  const { control } = world.line;
  return {
    label: async (name, repository = 'clock') => {
      const issue = { repository, title: titleOf(name), body: 'Only the first unit counts.' };
      return { name, issue: await world.line.hand(issue) };
    },
    whileHeld: async (want, act) => {
      const held = await control.hold(want);
      try {
        await until(`${want.method} ${want.path} with '${want.text}' waits`, () => held.isReached());
        await act(() => held.release());
      } finally {
        await held.release();
      }
    },
    current: async ({ name, issue }) => {
      const task = await world.task(issue);
      if (!task) throw new Error(`${name} has no task`);
      return task;
    },
    until,
  };
}

function victims(
  world: ClusterScenarios,
): Pick<KillWorld, 'sandboxPod' | 'isRunning' | 'killControl' | 'controlPods'> {
  const { kubectl, line } = world;
  const podsOf = async (namespace: string, selector: string): Promise<string[]> => {
    const args = ['-n', namespace, 'get', 'pods', '-l', selector, '-o', 'jsonpath={.items[*].metadata.name}'];
    return (await kubectl.run(args)).split(' ').filter((name) => name !== '');
  };
  const controlPods: KillWorld['controlPods'] = (component) =>
    podsOf(NAMESPACES.control, `app.kubernetes.io/component=${component}`);
  return {
    controlPods,
    sandboxPod: async ({ name, issue }, kind) => {
      const { name: job } = await steadily(() =>
        line.db
          .selectFrom('job')
          .innerJoin('task', 'task.id', 'job.task_id')
          .select('job.name')
          .where('task.issue_number', '=', issue)
          .where('job.kind', '=', kind)
          .orderBy('job.created_at', 'desc')
          .limit(1)
          .executeTakeFirstOrThrow(),
      );
      const [pod] = await podsOf(NAMESPACES.sandbox, `batch.kubernetes.io/job-name=${job}`);
      if (pod === undefined) throw new Error(`${name}: job '${job}' has no pod`);
      return { namespace: NAMESPACES.sandbox, name: pod };
    },
    isRunning: async ({ namespace, name }, container) => {
      const started = `jsonpath={.status.containerStatuses[?(@.name=="${container}")].state.running.startedAt}`;
      return (await kubectl.run(['-n', namespace, 'get', 'pod', name, '-o', started])) !== '';
    },
    killControl: async (names) => {
      await Promise.all(names.map((name) => killPod({ namespace: NAMESPACES.control, name })));
      const wait = ['rollout', 'status', '--timeout=120s'];
      for (const deployment of ['deployment/bot', 'deployment/gateway'])
        await kubectl.run(['-n', NAMESPACES.control, ...wait, deployment], { timeoutMs: 130_000 });
    },
  };
}

async function until(what: string, isIt: () => Promise<boolean>, limitMs = MOMENT_MS): Promise<void> {
  for (const end = systemClock.now() + limitMs; systemClock.now() < end; ) {
    if (await isIt()) return;
    await systemClock.sleep(LOOK_EVERY_MS);
  }
  throw new Error(`Not within ${limitMs / 1_000} s: ${what}`);
}

function oneByOne(): KillWorld['alone'] {
  let last: Promise<unknown> = Promise.resolve();
  return (act) => {
    const turn = last.then(act);
    last = turn.catch(() => undefined);
    return turn;
  };
}
