/** The model behind the gateway: an Anthropic-compatible address, or the recorded answers of an earlier task. */
import type { GatewayEnv } from '../config/env.ts';
import { anthropicUpstream } from '../gateway/model/anthropic-upstream.ts';
import { replayUpstream } from '../gateway/model/replay-upstream.ts';
import type { Upstream } from '../gateway/model/upstream.ts';
import { readTranscript } from '../gateway/transcript/read-transcript.ts';
import type { Db } from '../task/open-database.ts';

/** `url` is where requests go; a replay leaves this machine as little as its own loopback does. */
export interface GatewayUpstream {
  readonly upstream: Upstream;
  readonly url: string;
  close(): void;
}

/** Errors: `replay-empty` (no such task, or none of its calls was answered), `upstream-invalid`. */
export async function gatewayUpstream(
  env: Pick<GatewayEnv, 'anthropicBaseUrl' | 'anthropicApiKey' | 'replayTask'>,
  db: Db,
): Promise<GatewayUpstream> {
  if (env.replayTask !== null) {
    const calls = await readTranscript(db, { taskId: env.replayTask });
    return { upstream: replayUpstream(calls, 'order'), url: 'http://localhost', close: () => {} };
  }
  const upstream = anthropicUpstream({ baseUrl: env.anthropicBaseUrl, apiKey: env.anthropicApiKey });
  return { upstream, url: env.anthropicBaseUrl, close: () => upstream.close() };
}
