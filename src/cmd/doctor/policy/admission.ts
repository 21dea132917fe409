/**
 * Admission, by server-side dry runs: the bot's own Job passes, each changed one is refused by a policy of ours, and so is
 * the right one in other hands, a way into a running sandbox, and a token of its account. Nothing is made.
 */
import type { JobManifest } from '../../../job/kube-objects.ts';
import { newAnswerKey } from '../../../shared/answer-key.ts';
import { type Check, type Finding, fails, isFinding, ok, warns } from '../check.ts';
import { asBot, type Cluster, type Installed } from '../cluster/cluster.ts';
import type { KubeAnswer } from '../cluster/kube-requests.ts';
import { isImpersonationRefused, messageOf, OTHER_ACCOUNT } from '../cluster/read-object.ts';
import { type Lookup, readSurroundings, type Surroundings } from '../trial/surroundings.ts';
import { trialJob } from '../trial/trial-job.ts';
import { FORBIDDEN_JOBS } from './forbidden-jobs.ts';

const APPLY = 'kubectl apply -k your overlay of k8s/base (admission), with its bindings';

/** Builds the check. */
export function admissionCheck(cluster: Cluster, lookup: Lookup): Check {
  return {
    name: 'admission',
    timeoutMs: 60_000,
    remedy: 'see why the API server does not answer',
    run: async (signal) => {
      const installed = await cluster.installed();
      if (isFinding(installed)) return [installed];
      const around = await readSurroundings(cluster, installed, lookup);
      if (isFinding(around)) return [around];
      const found: Finding[] = [];
      for (const namespace of installed.namespaces) {
        signal.throwIfAborted();
        found.push(...(await tryNamespace(cluster, { installed, around, namespace })));
      }
      return found;
    },
  };
}

interface Place {
  readonly installed: Installed;
  readonly around: Surroundings;
  readonly namespace: string;
}

async function tryNamespace(cluster: Cluster, place: Place): Promise<readonly Finding[]> {
  const job = jobFor(cluster, place);
  const as = await asBot(cluster);
  const dryRun = (body: object, user: string | null) =>
    cluster.kube.ask({ method: 'POST', path: jobsPath(place.namespace), as: user, body });
  const legitimate = await dryRun(job, as);
  const refused = judgeLegitimate(place.namespace, legitimate);
  if (refused) return [refused];
  const attempts: Attempt[] = [];
  for (const { what, of } of FORBIDDEN_JOBS) {
    attempts.push({ what: `a Job that ${what}`, answer: await dryRun(of(job), as) });
  }
  for (const { what, path, body } of waysIn(place.namespace, job)) {
    attempts.push({ what, answer: await cluster.kube.ask({ method: 'POST', path, body }) });
  }
  const stranger = as === null ? [sameAccount()] : [judgeStranger(await dryRun(job, null), place.namespace)];
  return [judgeAttempts(place.namespace, attempts), ...stranger.filter((one) => one !== null)];
}

function jobFor(cluster: Cluster, { installed, around, namespace }: Place): JobManifest {
  const template = installed.templates.find(({ pod }) => pod.namespace === namespace);
  if (template === undefined) throw new Error(`namespace '${namespace}' has no template`);
  const { publicKey } = newAnswerKey(cluster.random);
  const number = Buffer.from(cluster.random(4)).readUInt32BE();
  return trialJob({ template, env: installed.env, around, answerKey: publicKey, number });
}

const jobsPath = (namespace: string): string => `/apis/batch/v1/namespaces/${namespace}/jobs?dryRun=All`;

/** What nobody may do there, administrators included. None of it makes anything, even where it is let through. */
function waysIn(namespace: string, job: JobManifest) {
  const base = `/api/v1/namespaces/${namespace}`;
  const spec = job.spec?.template.spec ?? {};
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'gb-doctor' }, spec };
  const tokenRequest = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { audiences: [`glovebox-work.${job.metadata?.name}`], expirationSeconds: 600 },
  };
  return [
    { what: 'a pod without a Job', path: `${base}/pods?dryRun=All`, body: pod },
    {
      what: "a token of the account 'sandbox'",
      path: `${base}/serviceaccounts/sandbox/token?dryRun=All`,
      body: tokenRequest,
    },
    {
      what: 'exec into a pod',
      path: `${base}/pods/gb-doctor-nobody/exec?command=true&stdout=true`,
      body: {},
    },
  ];
}

/** Something that must be refused, and what was answered. */
export interface Attempt {
  readonly what: string;
  readonly answer: KubeAnswer;
}

const OUR_POLICY = /ValidatingAdmissionPolicy '(glovebox-sandbox-[a-z-]+)'/;

/** Pure. Null: it passes, as it must. */
function judgeLegitimate(namespace: string, answer: KubeAnswer): Finding | null {
  if (isImpersonationRefused(answer)) {
    return warns('not checked: this account may not act as the bot', OTHER_ACCOUNT);
  }
  if (answer.status !== 201) {
    return fails(`${namespace} refuses our own Job: ${messageOf(answer)}`, `${APPLY}; see also RBAC`);
  }
  return answer.warning?.includes('PodSecurity') === true
    ? fails(`${namespace} would refuse our pods: ${answer.warning}`, 'see the labels of the namespace')
    : null;
}

/** Pure: refused by our own policies, each of them. */
export function judgeAttempts(namespace: string, attempts: readonly Attempt[]): Finding {
  const admitted = attempts.filter(({ answer }) => !isRefusedByUs(answer) && !isRefusedByRbac(answer));
  if (admitted.length > 0) {
    const names = admitted.slice(0, 3).map(({ what }) => what);
    const more = admitted.length - names.length;
    return fails(`${namespace} lets in ${names.join('; ')}${more > 0 ? `; and ${more} more` : ''}`, APPLY);
  }
  const untried = attempts.filter(({ answer }) => isRefusedByRbac(answer));
  const policies = new Set(attempts.map(({ answer }) => OUR_POLICY.exec(messageOf(answer))?.[1]));
  policies.delete(undefined);
  const line = `${namespace}: our Job passes, ${attempts.length - untried.length} others are refused by ${policies.size} policies`;
  if (untried.length === 0) return ok(line);
  return warns(
    `${line}; not tried, for want of rights: ${untried.map(({ what }) => what).join('; ')}`,
    'run as an administrator: admission must hold against them too',
  );
}

/** Pure: the right Job in other hands. Null: refused, as it must be. */
export function judgeStranger(answer: KubeAnswer, namespace: string): Finding | null {
  if (isRefusedByUs(answer)) return null;
  return isRefusedByRbac(answer)
    ? warns(
        `${namespace}: RBAC alone refuses our Job from this account; admission was not asked`,
        'run as an administrator: admission must refuse them too',
      )
    : fails(`${namespace} takes our Job from others than the bot`, APPLY);
}

function sameAccount(): Finding {
  return warns(
    "this is the bot's own account: that others are refused was not tried",
    'run glovebox doctor --kubernetes from a machine of an administrator',
  );
}

function isRefusedByUs(answer: KubeAnswer): boolean {
  return answer.status >= 400 && OUR_POLICY.test(messageOf(answer));
}

/** RBAC's own words; it is asked before admission. */
function isRefusedByRbac(answer: KubeAnswer): boolean {
  return answer.status === 403 && / cannot [a-z]+ resource /.test(messageOf(answer));
}
