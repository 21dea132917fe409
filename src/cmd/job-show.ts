/** `glovebox job show TASK [--json]`: the Jobs of a task's last round, from the record and the builder that made them. */
import { lookup } from 'node:dns/promises';
import { stringify } from 'yaml';
import { readClusterEnv } from '../config/env.ts';
import { StoredJobSpec } from '../job/job-spec.ts';
import { openKubeAccess } from '../job/kube-access.ts';
import type { JobManifest } from '../job/kube-objects.ts';
import { kubernetesJob, type PodFacts } from '../job/kubernetes-sandbox/kubernetes-job.ts';
import type { Db } from '../task/open-database.ts';
import { lastRoundSpecs } from '../task/store/last-round-specs.ts';
import { findTask } from '../task/store/load-task.ts';
import { readStoreId } from '../task/store/store-id.ts';
import { readPodFacts } from './pod-facts.ts';

export interface JobShowDeps {
  readonly db: Db;
  readonly io: { readonly out: (text: string) => void; readonly error: (text: string) => void };
  /** What the environment adds; asked only where there is a pod to show. */
  readonly facts: () => Promise<PodFacts>;
}

export interface JobShowArgs {
  readonly task: string;
  readonly json?: boolean | undefined;
}

/** YAML documents, or a List as JSON. Exit code 0, or 2 where there is nothing to show. Errors: those of `facts`. */
export async function jobShowCommand(deps: JobShowDeps, args: JobShowArgs): Promise<0 | 2> {
  const { db, io } = deps;
  const refuse = (why: string): 2 => {
    io.error(`Refused: ${why}\n`);
    return 2;
  };
  if ((await findTask(db, args.task)) === null) {
    return refuse(`task '${args.task}' is not in the store; \`glovebox task list\` shows those that are.`);
  }
  const specs = (await lastRoundSpecs(db, args.task)).map((spec) => StoredJobSpec.parse(spec));
  if (specs.length === 0) return refuse(`task '${args.task}' has no job yet; it is queued or was refused.`);
  if (specs.some(({ isolation }) => isolation !== 'pod')) {
    return refuse(
      `task '${args.task}' runs as processes of one machine, not as Jobs; see \`glovebox task show\`.`,
    );
  }
  const facts = await deps.facts();
  const jobs = specs.map((spec) => kubernetesJob(spec, facts));
  io.out(args.json === true ? jsonText(jobs) : jobs.map(yamlText).join('---\n'));
  return 0;
}

/** As the bot of this environment would have them. Where the gateway's name is not known here, the name itself stands for its address. */
export async function clusterFacts(db: Db): Promise<PodFacts> {
  const env = readClusterEnv();
  const access = openKubeAccess({ callTimeoutMs: 0, warn: () => {} });
  const { host, port } = env.gateway;
  const address = await lookup(host).then(
    (found) => found.address,
    () => host,
  );
  await access.close();
  const facts = await readPodFacts(env, { store: await readStoreId(db), server: access.server });
  return { ...facts, gateway: { address, port } };
}

function jsonText(items: readonly JobManifest[]): string {
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, null, 2)}\n`;
}

/** Anchors would make the reader look for them. */
function yamlText(job: JobManifest): string {
  return stringify(job, { aliasDuplicateObjects: false, lineWidth: 0 });
}
