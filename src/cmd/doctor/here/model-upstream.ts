/** The model upstream: named, answering, and taking our key. Asks for the list of models, which costs nothing. */
import type { GatewayEnv } from '../../../config/env.ts';
import { type Check, type Finding, fails, ok, warns } from '../check.ts';
import { reasonOf } from '../place.ts';

/** What the gateway's environment says. */
export type UpstreamEnv = Pick<GatewayEnv, 'anthropicApiKey' | 'anthropicBaseUrl' | 'replayTask'>;

export interface UpstreamDeps {
  /** The environment, or why it cannot be seen from here. */
  readonly read: () => UpstreamEnv | Finding;
  /** Where this is true a missing key is no failure of the gateway: it is another pod's. */
  readonly keyIsElsewhere: Finding | null;
  readonly fetch: typeof fetch;
}

/** Builds the check. */
export function modelUpstreamCheck({ read, keyIsElsewhere, fetch }: UpstreamDeps): Check {
  return {
    name: 'model',
    timeoutMs: 20_000,
    remedy: 'check ANTHROPIC_BASE_URL and the network to it',
    run: async (signal) => {
      const env = read();
      if ('state' in env) return [env];
      if (env.replayTask !== null) return [replayed(env.replayTask)];
      if (env.anthropicApiKey === null && keyIsElsewhere !== null) return [keyIsElsewhere];
      return [judgeAnswer(env, await askForModels(fetch, env, signal))];
    },
  };
}

/** Status of the answer, or why there was none. */
async function askForModels(
  fetch: typeof globalThis.fetch,
  { anthropicBaseUrl, anthropicApiKey }: UpstreamEnv,
  signal: AbortSignal,
): Promise<number | string> {
  try {
    const response = await fetch(`${anthropicBaseUrl}/v1/models?limit=1`, {
      redirect: 'manual',
      signal,
      headers: {
        'anthropic-version': '2023-06-01',
        ...(anthropicApiKey === null ? {} : { 'x-api-key': anthropicApiKey }),
      },
    });
    await response.body?.cancel();
    return response.status;
  } catch (error) {
    return reasonOf(error);
  }
}

/** Pure. */
function judgeAnswer(env: UpstreamEnv, answer: number | string): Finding {
  const host = new URL(env.anthropicBaseUrl).host;
  const key = env.anthropicApiKey === null ? 'no key is set' : 'key accepted';
  if (typeof answer === 'string') {
    return fails(`${host} does not answer: ${answer}`, 'check ANTHROPIC_BASE_URL and the network to it');
  }
  if (answer === 200) return ok(`${host} answers, ${key}`);
  if (answer === 401 || answer === 403) {
    return fails(
      `${host} answered ${answer}: ${env.anthropicApiKey === null ? key : 'the key is refused'}`,
      'set ANTHROPIC_API_KEY of this upstream for the gateway',
    );
  }
  if (answer === 404 || answer === 405) {
    return warns(
      `${host} answers, and lists no models: the key was not tried`,
      'label an issue in a test repository: its first call tries the key',
    );
  }
  return warns(`${host} answered ${answer}`, 'run again; if it stays, ask who runs this upstream');
}

function replayed(task: string): Finding {
  return warns(
    `recorded answers of task ${task} stand in for a model`,
    'unset GLOVEBOX_REPLAY, and set ANTHROPIC_API_KEY',
  );
}
