/** The model behind the gateway: an Anthropic-compatible address, or the recorded answers of an earlier task. */
import type { GatewayEnv } from '../config/env.ts';
import { anthropicUpstream } from '../gateway/model/anthropic-upstream.ts';
import { replayUpstream } from '../gateway/model/replay-upstream.ts';
import type { Upstream } from '../gateway/model/upstream.ts';
import { readTranscript } from '../gateway/transcript/read-transcript.ts';
import { GloveboxError } from '../shared/errors.ts';
import type { Db } from '../task/open-database.ts';

/** `url` is where requests go; a replay leaves this machine as little as its own loopback does. */
export interface GatewayUpstream {
  readonly upstream: Upstream;
  readonly url: string;
  close(): void;
}

/** Answers nobody without a key; another upstream may, or hold the key itself. */
const ANTHROPIC = 'api.anthropic.com';

/** Errors: `replay-empty` (no such task, or none of its calls was answered), `upstream-invalid`, `key-missing`. */
export async function gatewayUpstream(
  env: Pick<GatewayEnv, 'anthropicBaseUrl' | 'anthropicApiKey' | 'replayTask'>,
  db: Db,
): Promise<GatewayUpstream> {
  if (env.replayTask !== null) {
    const calls = await readTranscript(db, { taskId: env.replayTask });
    return { upstream: replayUpstream(calls, 'order'), url: 'http://localhost', close: () => {} };
  }
  const upstream = anthropicUpstream({ baseUrl: env.anthropicBaseUrl, apiKey: env.anthropicApiKey });
  if (env.anthropicApiKey === null && new URL(env.anthropicBaseUrl).hostname === ANTHROPIC) {
    upstream.close();
    throw new GloveboxError({
      code: 'key-missing',
      message: `Missing ANTHROPIC_API_KEY in the environment: ${ANTHROPIC} answers no call without it. Set it, or ANTHROPIC_BASE_URL for another upstream, then start again.`,
    });
  }
  return { upstream, url: env.anthropicBaseUrl, close: () => upstream.close() };
}
