/**
 * Label to agent's first model call on the cluster, in turns with bare Jobs of the same shape; where the time goes; and our
 * calls to the API server for each Job, from its audit log. Two bots and two gateways, as installed; one task at a time.
 */
import { imageTag } from '../build/image-tag.ts';
import { NAMESPACES } from '../demo/cluster/places.ts';
import { type ClusterScenarios, startClusterScenarios } from '../test/fixtures/cluster-line.ts';
import { demoIssue } from '../test/fixtures/scenario-line.ts';
import { type ApiCall, auditEnd, readCalls } from './audit-calls.ts';
import { type BareTimes, openBareJobs } from './bare-job.ts';
import { type FirstCallTimes, MOMENTS, readFirstCall, readWorkSpec, SHARES } from './first-call.ts';
import { median } from './median.ts';
import type { Ratio } from './ratio.ts';

const GOAL = 1.15;
const MOST_CALLS = 6;
/** What a template has that says nothing. */
const TEMPLATE_CPU = '1';
/** Nothing runs with these: no policy is proven, no address is asked. */
const NOWHERE = {
  store: 'bench',
  gateway: { address: '192.0.2.1', port: 8080 },
  canaries: [],
  nameServers: [],
};

/** One task and the bare Job beside it. */
interface Sample {
  readonly ours: FirstCallTimes;
  readonly bare: BareTimes;
  readonly calls: readonly ApiCall[];
  readonly jobs: number;
}

/** Starts the line and runs `samples` of each after one of each to warm up; some 20 s a sample. Errors: the cluster's. */
export async function benchCluster(samples = 7): Promise<readonly Ratio[]> {
  const world = await startClusterScenarios({ scenarios: {}, cpu: TEMPLATE_CPU });
  const runnerImage = `glovebox.test/runner:${imageTag('runner')}`;
  try {
    return report(await takeSamples(world, { samples, runnerImage }));
  } finally {
    await world.close();
  }
}

async function takeSamples(
  world: ClusterScenarios,
  { samples, runnerImage }: { readonly samples: number; readonly runnerImage: string },
): Promise<readonly Sample[]> {
  const warm = await runTask(world);
  const spec = await readWorkSpec(world.line.db, warm.taskId);
  const bareJobs = await openBareJobs(world.kubectl, { ...NOWHERE, runnerImage, appArmor: false });
  try {
    await bareJobs.run({ ...spec, name: 'bench-warm' });
    const taken: Sample[] = [];
    for (let index = 1; index <= samples; index += 1) {
      const bare = await bareJobs.run({ ...spec, name: `bench-${index}` });
      const { ours, calls, jobs } = await runTask(world);
      taken.push({ ours, bare, calls, jobs });
    }
    return taken;
  } finally {
    await bareJobs.close();
  }
}

async function runTask(world: ClusterScenarios) {
  const { db } = world.line;
  const from = auditEnd();
  const issue = await world.line.hand({ repository: 'clock', ...(await demoIssue('fix')) });
  const task = await world.ended(issue);
  if (task.outcome !== 'verified') throw new Error(`A task of the bench ended as '${task.outcome}'.`);
  const jobs = await db.selectFrom('job').select('name').where('task_id', '=', task.id).execute();
  const ours = await readFirstCall(db, task.id, from);
  return { taskId: task.id, ours, calls: (await readCalls(from)).filter(isOurs), jobs: jobs.length };
}

/** By the bot and the gateways. */
function isOurs({ user }: ApiCall): boolean {
  return ['bot', 'gateway'].some((name) => user === `system:serviceaccount:${NAMESPACES.control}:${name}`);
}

function report(samples: readonly Sample[]): Ratio[] {
  const ours = samples.map((sample) => sample.ours['first-call'] - sample.ours.delivered);
  const bare = samples.map((sample) => sample.bare.lastAt - sample.bare.createdAt);
  const value = median(ours) / median(bare);
  const detail = `median of ${samples.length}, in turns; ${ms(median(ours))}, a bare Job ${ms(median(bare))} from its creation to the first line of code in its last container, which prints the time`;
  return [
    { label: 'cluster: label to first model call', value, unit: 'x', goal: GOAL, good: 'at-most', detail },
    ...shares(samples),
    apiCalls(samples),
  ];
}

/** Of the sum over all samples, so that they add up to 1. */
function shares(samples: readonly Sample[]): Ratio[] {
  const total = sum(samples.map(({ ours }) => ours['first-call'] - ours.delivered));
  return MOMENTS.slice(1).flatMap((moment, index) => {
    const before = MOMENTS[index];
    if (before === undefined || moment === 'delivered') return [];
    const took = samples.map(({ ours }) => ours[moment] - ours[before]);
    const detail = `median ${ms(median(took))}${bareText(samples, moment)}: ${SHARES[moment]}`;
    return [told(`  share until ${moment}`, sum(took) / total, detail)];
  });
}

function bareText(samples: readonly Sample[], moment: string): string {
  if (moment === 'fetch-began')
    return `, bare ${ms(median(samples.map(({ bare }) => bare.firstAt - bare.createdAt)))}`;
  if (moment === 'work-began')
    return `, bare ${ms(median(samples.map(({ bare }) => bare.lastAt - bare.firstAt)))}`;
  return '';
}

/** Lists and watches are those of the process, whatever runs: they are told, not counted. */
function apiCalls(samples: readonly Sample[]): Ratio {
  const calls = samples.flatMap((sample) => sample.calls);
  const shared = calls.filter(({ verb }) => verb === 'list' || verb === 'watch');
  const counted = calls.filter((call) => !shared.includes(call));
  const jobs = sum(samples.map((sample) => sample.jobs));
  const kinds = Map.groupBy(counted, ({ verb, resource }) => `${verb} ${resource}`);
  const each = [...kinds].map(([kind, { length }]) => `${kind} ${(length / jobs).toFixed(1)}`).join(', ');
  return {
    label: 'cluster: API calls a Job',
    value: counted.length / jobs,
    unit: 'calls',
    goal: MOST_CALLS,
    good: 'at-most',
    detail: `${each}; by the API server's audit log over ${jobs} Jobs; beside them ${shared.length} lists and watches of the processes`,
  };
}

function told(label: string, value: number, detail: string): Ratio {
  return { label, value, unit: 'x', goal: null, good: 'at-most', detail };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}
