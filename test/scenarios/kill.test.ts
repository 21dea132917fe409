/**
 * The proof about kills: bot, gateway and runner are killed with SIGKILL in every state of the state table and started
 * again, on PostgreSQL. `kill-proof.ts` says what must hold afterwards.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { buildRunner } from '../../build/bundle.ts';
import { STATE_TABLE } from '../../src/task/state-table.ts';
import type { TaskState } from '../../src/task/task.ts';
import type { Hold, Matcher } from '../fixtures/holding-proxy.ts';
import { postgresUrl } from '../fixtures/test-store.ts';
import { proveUnharmed } from './kill-proof.ts';
import { type KillWorld, runnersOf, startKillWorld, until } from './kill-world.ts';

const CASE_LIMIT_MS = 280_000;
const STATE_LIMIT_MS = 60_000;

beforeAll(async () => void (await buildRunner()), 60_000);

/** Runs one case in a world of its own; a failure is told with what the processes said last. */
async function inWorld(play: Play): Promise<void> {
  const world = await startKillWorld({ concurrency: 1 });
  try {
    await proveUnharmed(world, await play(world));
  } catch (error) {
    throw new Error(
      `${error instanceof Error ? error.message : String(error)}\n${world.log.slice(-40).join('\n')}`,
      {
        cause: error,
      },
    );
  } finally {
    await world.close();
  }
}

/** The n-th request that this fits. */
function nth(n: number, method: string, path: RegExp): Matcher {
  let seen = 0;
  return (request) => {
    if (request.method !== method || !path.test(request.path)) return false;
    seen += 1;
    return seen === n;
  };
}

async function reachState(world: KillWorld, issue: number, state: TaskState): Promise<void> {
  await until(`the task is ${state}`, STATE_LIMIT_MS, async () => (await world.stateOf(issue)) === state);
}

/** One kill: where everything is stopped, who dies, and which issues were labelled. */
type Play = (world: KillWorld) => Promise<readonly number[]>;

const LABEL = 'Reads only the first unit';
const MODEL_CALL = /^\/v1\/messages/;

/** The bot's call that begins what it does in a state: it waits (or its answer does), the victims die and come back. */
function killedAtGithub(
  state: TaskState,
  victims: readonly ('bot' | 'gateway')[],
  hold: (world: KillWorld) => Hold,
): Play {
  return async (world) => {
    const held = hold(world);
    const issue = await world.label(LABEL);
    await held.reached;
    expect(await world.stateOf(issue)).toBe(state);
    await world.kill(...victims);
    await world.start(...victims);
    held.release();
    return [issue];
  };
}

/** A call to the model waits (or its answer does) while the agent works. */
function killedAtModel(hold: (world: KillWorld) => Hold, kill: (world: KillWorld) => Promise<void>): Play {
  return async (world) => {
    const held = hold(world);
    const issue = await world.label(LABEL);
    await held.reached;
    expect(await world.stateOf(issue)).toBe('working');
    expect(runnersOf(world)).not.toEqual([]);
    await kill(world);
    held.release();
    return [issue];
  };
}

/** Each check takes a second and more, so the state lasts for some after it was seen. */
function killedVerifying(victim: 'bot' | 'gateway' | 'runners'): Play {
  return async (world) => {
    const issue = await world.label(LABEL);
    await reachState(world, issue, 'verifying');
    expect(runnersOf(world)).not.toEqual([]);
    if (victim === 'runners') await killRunners(world);
    else await world.kill(victim);
    expect(await world.stateOf(issue)).toBe('verifying');
    if (victim !== 'runners') await world.start(victim);
    return [issue];
  };
}

async function restart(world: KillWorld, victim: 'bot' | 'gateway'): Promise<void> {
  await world.kill(victim);
  await world.start(victim);
}

async function killRunners(world: KillWorld): Promise<void> {
  expect(world.killRunners()).toBeGreaterThan(0);
}

/** Two tasks, room for one: the first works, the second waits for its place. */
const killedQueued: Play = async (world) => {
  const held = world.toModel.hold(nth(2, 'POST', MODEL_CALL));
  const first = await world.label(LABEL);
  await held.reached;
  const second = await world.label('Reads 1h30m as 1h');
  await reachState(world, second, 'queued');
  await world.kill('bot', 'gateway');
  await world.start('bot', 'gateway');
  held.release();
  return [first, second];
};

/** In sets, whose cases run at once: much of a case is waiting for leases. */
const CASES: readonly (readonly (readonly [string, Play])[])[] = [
  [
    ['queued: bot and gateway, while another task has the only place', killedQueued],
    [
      'accepted: bot and gateway, while the base is being pinned',
      killedAtGithub('accepted', ['bot', 'gateway'], ({ toGithub }) =>
        toGithub.hold(nth(1, 'GET', /\/git\/ref\/heads/)),
      ),
    ],
    [
      'working: the gateway, when the model has answered and nobody was told',
      killedAtModel(
        ({ toModel }) => toModel.holdAnswers(nth(3, 'POST', MODEL_CALL)),
        (world) => restart(world, 'gateway'),
      ),
    ],
  ],
  [
    [
      'working: the bot, and every sandbox with it, after files were changed',
      killedAtModel(
        ({ toModel }) => toModel.hold(nth(10, 'POST', MODEL_CALL)),
        (world) => restart(world, 'bot'),
      ),
    ],
    [
      'working: the runner',
      killedAtModel(({ toModel }) => toModel.hold(nth(3, 'POST', MODEL_CALL)), killRunners),
    ],
    ['verifying: the bot', killedVerifying('bot')],
  ],
  [
    ['verifying: the gateway', killedVerifying('gateway')],
    ['verifying: the runners of verify and deliver', killedVerifying('runners')],
    [
      'working: the bot, when the status comment is made and nobody was told',
      killedAtGithub('working', ['bot'], ({ toGithub }) =>
        toGithub.holdAnswers(nth(1, 'POST', /\/issues\/\d+\/comments$/)),
      ),
    ],
    [
      'judging: bot and gateway, while the base tree is being read',
      killedAtGithub('judging', ['bot', 'gateway'], ({ toGithub }) =>
        toGithub.hold(nth(1, 'GET', /\/git\/trees\/.*recursive/)),
      ),
    ],
  ],
  [
    [
      'publishing: bot and gateway, before the check run is made',
      killedAtGithub('publishing', ['bot', 'gateway'], ({ toGithub }) =>
        toGithub.hold(nth(1, 'POST', /\/check-runs$/)),
      ),
    ],
    [
      'publishing: the bot, when the check run is made and nobody was told',
      killedAtGithub('publishing', ['bot'], ({ toGithub }) =>
        toGithub.holdAnswers(nth(1, 'POST', /\/check-runs$/)),
      ),
    ],
    [
      'publishing: the bot, when the pull request is made and nobody was told',
      killedAtGithub('publishing', ['bot'], ({ toGithub }) =>
        toGithub.holdAnswers(nth(1, 'POST', /\/pulls$/)),
      ),
    ],
  ],
];

describe.runIf(postgresUrl)('a task ends as if nothing had happened after a kill -9 when', () => {
  describe.each(CASES.map((cases, index) => [index + 1, cases] as const))('(set %i)', (_index, cases) => {
    it.concurrent.each(cases)('%s', { timeout: CASE_LIMIT_MS }, (_name, play) => inWorld(play));
  });

  it('covers every state in which a task can be', () => {
    const names = CASES.flat().map(([name]) => name.split(':')[0]);
    const states = Object.keys(STATE_TABLE).filter((state) => state !== 'ended');
    expect([...new Set(names)].sort()).toEqual(states.sort());
  });
});
