/**
 * The controller at 1,000 and at 5,000 live tasks on PostgreSQL and a fake cluster of that size: how long a task that became
 * due waits for the end of the pass that saw it, how much memory it takes, and how its calls grow.
 */
import { fork } from 'node:child_process';
import { z } from 'zod';
import { createBenchDatabase } from './bench-database.ts';
import type { Ratio } from './ratio.ts';

const SIZES = [1_000, 5_000] as const;
const GOAL_P99_S = 5;
const GOAL_GIB = 1;

const Measured = z.object({
  live: z.int(),
  liveAtEnd: z.int(),
  pods: z.int(),
  events: z.int(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  maxMs: z.number(),
  passesPerSecond: z.number(),
  sqlPerSecond: z.number(),
  apiPerSecond: z.number(),
  rssBytes: z.number(),
  cpu: z.number(),
  heaviest: z.array(z.object({ text: z.string(), count: z.int(), ms: z.number() })),
});
type Measured = z.infer<typeof Measured>;

/** Takes about four minutes; each size in a process and a database of its own. */
export async function benchController(postgresUrl: string): Promise<readonly Ratio[]> {
  const measured: Measured[] = [];
  for (const size of SIZES) measured.push(await measure(postgresUrl, size));
  const [small, large] = measured;
  if (!small || !large) return [];
  return [...measured.flatMap(ratiosOf), growth('SQL', small, large), growth('API', small, large)];
}

async function measure(postgresUrl: string, live: number): Promise<Measured> {
  const database = await createBenchDatabase(postgresUrl);
  try {
    const child = fork(new URL('controller-child.ts', import.meta.url), [database.url, String(live)]);
    return await new Promise((resolve, reject) => {
      let answer: Measured | null = null;
      child.once('message', (message) => {
        answer = Measured.parse(message);
      });
      child.once('exit', (code) => {
        if (answer) resolve(answer);
        else reject(new Error(`The controller under measurement ended with ${code}.`));
      });
    });
  } finally {
    await database.drop();
  }
}

function ratiosOf(seen: Measured): Ratio[] {
  const tasks = `${seen.live.toLocaleString('en-US')} live tasks`;
  const passes = `${seen.events} events, median ${seen.p50Ms.toFixed(0)} ms, longest ${seen.maxMs.toFixed(0)} ms; ${seen.passesPerSecond.toFixed(0)} passes a second, ${seen.pods} pods`;
  const told = { goal: null, good: 'at-most' } as const;
  return [
    {
      label: `reconcile p99, ${tasks}`,
      value: seen.p99Ms / 1_000,
      unit: 's',
      goal: GOAL_P99_S,
      good: 'at-most',
      detail: passes,
    },
    {
      label: `memory, ${tasks}`,
      value: seen.rssBytes / 1024 ** 3,
      unit: 'GiB',
      goal: GOAL_GIB,
      good: 'at-most',
      detail: `peak, the traffic's own included; ${seen.cpu.toFixed(2)} CPUs with it`,
    },
    { label: `SQL, ${tasks}`, value: seen.sqlPerSecond, unit: '/s', ...told, detail: 'statements' },
    {
      label: `API, ${tasks}`,
      value: seen.apiPerSecond,
      unit: '/s',
      ...told,
      detail: 'Jobs made and deleted',
    },
  ];
}

/** How a rate grows with the tasks: 5 x is in proportion, more is a cost that each task has of the others. */
function growth(what: 'SQL' | 'API', small: Measured, large: Measured): Ratio {
  const rate = (seen: Measured) => (what === 'SQL' ? seen.sqlPerSecond : seen.apiPerSecond);
  const times = large.live / small.live;
  return {
    label: `${what} calls, ${times} times the tasks`,
    value: rate(large) / rate(small),
    unit: 'x',
    goal: null,
    good: 'at-most',
    detail: `${rate(small).toFixed(0)} a second, then ${rate(large).toFixed(0)}`,
  };
}
