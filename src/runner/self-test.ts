/**
 * A sandbox that tries itself and does no work, for `glovebox doctor`: fetch proves the fence by the very code that it
 * proves it by before a task's work, address by address, and brings the runner; every container looks for credentials and
 * ends. Nothing of a repository is here.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { RUNNER_EXIT, type RunnerLayout } from '../result/contract/layout.ts';
import { ANSWER_BYTES, type SelfTestAnswer, type SelfTestRequest } from '../result/contract/self-test.ts';
import { sealTo } from '../shared/answer-key.ts';
import { installRunner } from './fetch/install-runner.ts';
import { sendRequest } from './gateway/send-request.ts';
import { lookForCredentials } from './preflight/look-for-credentials.ts';
import { proveFence, systemNameServers } from './preflight/prove-fence.ts';
import type { PhaseRun } from './run-phase.ts';

/** As long as a task's fetch waits for a policy that takes effect late, twice over. */
const PATIENCE_MS = 10_000;
/** What may be open for good is not waited for as long. */
const DOUBT_MS = 3_000;
const GATEWAY_PATIENCE_MS = 10_000;
const AGAIN_MS = 250;
const MOST_NAMED = 20;

/** `nameServers`: those that the system itself would ask. Writes the answer; resolves with `RUNNER_EXIT.done`, or `failed` where it could not be written. */
export async function runSelfTest(
  run: PhaseRun,
  request: SelfTestRequest,
  nameServers = systemNameServers(),
): Promise<number> {
  try {
    const answer = await selfTest(run, request, nameServers);
    writeFileSync(request.answerFile, textOf(answer));
    run.say(`self-test of ${run.phase} done`);
    return RUNNER_EXIT.done;
  } catch (error) {
    run.say(`self-test of ${run.phase} failed: ${error instanceof Error ? error.message : String(error)}`);
    return RUNNER_EXIT.failed;
  }
}

async function selfTest(
  run: PhaseRun,
  request: SelfTestRequest,
  ofSystem: readonly string[],
): Promise<SelfTestAnswer> {
  const { layout, env } = run;
  const rest = {
    credentials: lookForCredentials({ layout, env, root: '/' }).slice(0, MOST_NAMED),
    sealedToken: sealedToken(run, request),
  };
  if (run.phase !== 'fetch') return { reached: [], doubtful: [], gateway: null, ...rest };
  await installRunner(layout.install);
  // as in fetch: a pod without any network yet would pass for a fenced one
  const gateway = await askGateway(run);
  const nameServers = [...new Set([...ofSystem, ...layout.nameServers])];
  const [canaries, servers, doubtful] = await Promise.all([
    open(run, layout.canaries, (address) => ({
      canaries: [address],
      nameServers: [],
      patienceMs: PATIENCE_MS,
    })),
    open(run, nameServers, (address) => ({ canaries: [], nameServers: [address], patienceMs: PATIENCE_MS })),
    open(run, request.doubtful, (address) => ({
      canaries: [address],
      nameServers: [],
      patienceMs: DOUBT_MS,
    })),
  ]);
  return { reached: [...canaries, ...servers].slice(0, MOST_NAMED), doubtful, gateway, ...rest };
}

type Probe = Omit<Parameters<typeof proveFence>[0], 'clock'>;

/** The addresses that answer, each as asked. */
async function open(
  { clock }: PhaseRun,
  addresses: readonly string[],
  probe: (address: string) => Probe,
): Promise<string[]> {
  const answered = await Promise.all(addresses.map((address) => proveFence({ ...probe(address), clock })));
  return addresses.filter((_, index) => answered[index] !== null);
}

async function askGateway({ layout, clock }: PhaseRun): Promise<number | string> {
  const until = clock.now() + GATEWAY_PATIENCE_MS;
  for (;;) {
    const answer = await statusOf(layout.gateway);
    if (typeof answer === 'number' || clock.now() >= until) return answer;
    await clock.sleep(AGAIN_MS);
  }
}

async function statusOf(gateway: RunnerLayout['gateway']): Promise<number | string> {
  try {
    const wire = { method: 'GET', path: '/healthz', headers: {}, idleTimeoutMs: 3_000 };
    const response = await sendRequest(gateway, wire);
    response.resume();
    return response.statusCode ?? 'no status';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Sealed, although it opens nothing: the record knows no such job, and a token in plain text alarms whoever finds it. */
function sealedToken({ layout, random }: PhaseRun, { answerKey }: SelfTestRequest): string | null {
  if (layout.tokenFile === null) return null;
  return sealTo(answerKey, readFileSync(layout.tokenFile, 'utf8').trim(), random);
}

/** Where lists are too long for the message they are cut, from the least telling on; the token stays whole. */
function textOf(answer: SelfTestAnswer): string {
  const text = JSON.stringify(answer);
  if (Buffer.byteLength(text) <= ANSWER_BYTES) return text;
  const { credentials, doubtful, reached } = answer;
  const few = {
    credentials: credentials.slice(0, 3),
    doubtful: doubtful.slice(0, 3),
    reached: reached.slice(0, 3),
  };
  return JSON.stringify({ ...answer, ...few });
}
