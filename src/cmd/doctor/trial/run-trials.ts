/**
 * Runs one trial sandbox for each template, one after another: makes the Job as the bot's account, waits for the pod's
 * end, shows its token to the API server, and removes the Job whatever happens.
 */
import type { JobManifest } from '../../../job/kube-objects.ts';
import { type AnswerKey, newAnswerKey } from '../../../shared/answer-key.ts';
import { apart, type Finding, fails, isFinding, warns } from '../check.ts';
import { asBot, type Cluster, type Installed } from '../cluster/cluster.ts';
import { isImpersonationRefused, messageOf, OTHER_ACCOUNT } from '../cluster/read-object.ts';
import type { SandboxTemplate } from '../cluster/sandbox-templates.ts';
import { type Lookup, readSurroundings, type Surroundings } from './surroundings.ts';
import { tryToken } from './token-trial.ts';
import { endOf, type Trial, type Trials, type TrialsRun } from './trial.ts';
import { trialJob } from './trial-job.ts';
import { type JobPlace, removeJob, removeLeftOvers } from './trial-jobs.ts';
import { waitForEnd } from './wait-for-end.ts';

/** Whoever asks first starts them; all get the same result. */
export function createTrials(cluster: Cluster, lookup: Lookup): Trials {
  let running: Promise<TrialsRun> | undefined;
  return (signal) => {
    running ??= runTrials(cluster, lookup, signal);
    return running;
  };
}

async function runTrials(cluster: Cluster, lookup: Lookup, signal: AbortSignal): Promise<TrialsRun> {
  const installed = await cluster.installed();
  if (isFinding(installed)) return { trials: [], refused: [installed] };
  const around = await readSurroundings(cluster, installed, lookup);
  if (isFinding(around)) return { trials: [], refused: [around] };
  await removeLeftOvers(cluster, installed.namespaces);
  const made: (Trial | Finding)[] = [];
  for (const template of distinct(installed.templates)) {
    made.push(await runTrial({ cluster, installed, around, template }, signal));
  }
  const { wanted, findings } = apart(made);
  return { trials: wanted, refused: findings };
}

/** Templates that differ in nothing that a sandbox's start depends on are tried once. */
function distinct(templates: readonly SandboxTemplate[]): readonly SandboxTemplate[] {
  const kinds = new Map(
    templates.map((template) => [JSON.stringify([template.image, template.pod]), template]),
  );
  return [...kinds.values()];
}

interface TrialDeps {
  readonly cluster: Cluster;
  readonly installed: Installed;
  readonly around: Surroundings;
  readonly template: SandboxTemplate;
}

async function runTrial(deps: TrialDeps, signal: AbortSignal): Promise<Trial | Finding> {
  const { cluster, installed, around, template } = deps;
  const { env } = installed;
  const key = newAnswerKey(cluster.random);
  const number = Buffer.from(cluster.random(4)).readUInt32BE();
  const job = trialJob({ template, env, around, answerKey: key.publicKey, number });
  const place: JobPlace = {
    namespace: template.pod.namespace,
    name: job.metadata?.name ?? '',
    as: await asBot(cluster),
  };
  try {
    const refused = await makeJob(cluster, job, place);
    if (refused) return refused;
    const end = await waitForEnd(cluster, place, signal);
    const trial = { template, runnerImage: env.runnerImage, around, token: null, leftOver: null, ...end };
    const token = opened(key, endOf(trial, 'fetch')?.answer?.sealedToken ?? null);
    const reviewed = token === null ? null : await tryToken(cluster, token, place.name);
    return { ...trial, token: reviewed, leftOver: await removeJob(cluster, place) };
  } catch (error) {
    // also where the making was not answered: it may have been done
    await removeJob(cluster, place);
    throw error;
  }
}

/** Null for what was not sealed to this run's key. */
function opened(key: AnswerKey, sealed: string | null): string | null {
  try {
    return sealed === null ? null : key.open(sealed);
  } catch {
    return null;
  }
}

/** Null once it is made; else why it is not. */
async function makeJob({ kube }: Cluster, job: JobManifest, place: JobPlace): Promise<Finding | null> {
  const { namespace, as } = place;
  const path = `/apis/batch/v1/namespaces/${namespace}/jobs`;
  const answer = await kube.ask({ method: 'POST', path, body: job, as });
  if (answer.status === 201) return null;
  if (isImpersonationRefused(answer)) {
    return warns(`no test pod: this account may not act as ${as ?? 'the bot'}`, OTHER_ACCOUNT);
  }
  return fails(
    `no test pod in ${namespace}: ${messageOf(answer)}`,
    'kubectl apply -k your overlay of k8s/base: its admission policies and RBAC let this Job in',
  );
}
