/**
 * The runner's side of `contract/gateway-api`: parsed answers, and patience. Restarts of our side (refused or cut
 * connections, 503) are waited out with backoff and jitter; a closed phase is final.
 */
import { text } from 'node:stream/consumers';
import type { z } from 'zod';
import type { BaseResults, NewResults } from '../../result/contract/cell.ts';
import type { ChangeSet } from '../../result/contract/change-set.ts';
import {
  GATEWAY_PATHS,
  type Heartbeat,
  HeartbeatAnswer,
  type Seal,
  UploadAnswer,
} from '../../result/contract/gateway-api.ts';
import { PhaseSpec, SealedSet } from '../../result/contract/phase-spec.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Digest } from '../../shared/digest.ts';
import { GloveboxError } from '../../shared/errors.ts';
import { authorization } from './phase-token.ts';
import { type GatewayTarget, sendRequest } from './send-request.ts';

/** What `GET sealed` says. */
export type SealedAnswer = { readonly set: SealedSet } | 'waiting' | 'nothing';

/**
 * Calls of one phase. Errors are `GloveboxError`s: `phase-closed` (stop), `unauthenticated`, `conflict`, `too-large`,
 * `invalid`, `token-missing`, `gateway-unreachable` (patience is used up) and `gateway-answer-invalid`.
 */
export interface GatewayClient {
  spec(): Promise<PhaseSpec>;
  /** One try, no patience: the next beat is soon. */
  heartbeat(beat: Heartbeat): Promise<HeartbeatAnswer>;
  putChangeSet(changeSet: ChangeSet): Promise<Digest>;
  seal(seal: Seal): Promise<Digest>;
  putBaseResults(results: BaseResults): Promise<void>;
  sealed(): Promise<SealedAnswer>;
  putNewResults(results: NewResults): Promise<void>;
}

/** What the client needs. `patienceMs`: how long one call is tried again while our side is away. */
export interface GatewayClientDeps {
  readonly target: GatewayTarget;
  readonly tokenFile: string | null;
  readonly clock: Clock;
  readonly patienceMs: number;
}

interface Call {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: unknown;
  readonly tries?: number;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

const CODES: Readonly<Record<number, string>> = {
  401: 'unauthenticated',
  403: 'phase-closed',
  409: 'conflict',
  413: 'too-large',
  422: 'invalid',
};
const AWAY = [429, 502, 503, 504];

/** Builds the client of one phase. */
export function createGatewayClient(deps: GatewayClientDeps): GatewayClient {
  const json = async <T extends z.ZodType>(schema: T, call: Call) => parse(schema, await send(deps, call));
  return {
    spec: () => json(PhaseSpec, { method: 'GET', path: GATEWAY_PATHS.spec }),
    heartbeat: (body) =>
      json(HeartbeatAnswer, { method: 'POST', path: GATEWAY_PATHS.heartbeat, body, tries: 1 }),
    putChangeSet: async (body) =>
      (await json(UploadAnswer, { method: 'PUT', path: GATEWAY_PATHS.changeSet, body })).digest,
    seal: async (body) =>
      (await json(UploadAnswer, { method: 'POST', path: GATEWAY_PATHS.seal, body })).digest,
    putBaseResults: async (body) => {
      await send(deps, { method: 'PUT', path: GATEWAY_PATHS.baseResults, body });
    },
    putNewResults: async (body) => {
      await send(deps, { method: 'PUT', path: GATEWAY_PATHS.newResults, body });
    },
    async sealed() {
      const answer = await send(deps, { method: 'GET', path: GATEWAY_PATHS.sealed });
      if (answer.status === 204) return 'waiting';
      if (answer.status === 410) return 'nothing';
      return { set: parse(SealedSet, answer) };
    },
  };
}

async function send(deps: GatewayClientDeps, call: Call): Promise<Answer> {
  const startedAt = deps.clock.now();
  const tries = call.tries ?? Number.POSITIVE_INFINITY;
  for (let attempt = 1; ; attempt++) {
    const answer = await once(deps, call);
    if ('status' in answer && !AWAY.includes(answer.status)) return accept(call, answer);
    const usedMs = deps.clock.now() - startedAt;
    if (attempt >= tries || usedMs >= deps.patienceMs) throw unreachable(call, { attempt, usedMs, answer });
    await deps.clock.sleep(backoffMs(attempt));
  }
}

interface Unreached {
  readonly attempt: number;
  readonly usedMs: number;
  readonly answer: Answer | { error: unknown };
}

function unreachable(call: Call, seen: Unreached): GloveboxError {
  return new GloveboxError({
    code: 'gateway-unreachable',
    message: `${call.method} ${call.path} got no answer in ${seen.usedMs} ms and ${seen.attempt} tries; expected our gateway.`,
    retry: true,
    cause: 'status' in seen.answer ? seen.answer.status : seen.answer.error,
  });
}

/** 50 ms doubling to 5 s, and half of it random, so that many sandboxes do not return at once. */
function backoffMs(attempt: number): number {
  const full = Math.min(5_000, 50 * 2 ** Math.min(attempt, 10));
  return full / 2 + (Math.random() * full) / 2;
}

async function once(deps: GatewayClientDeps, call: Call): Promise<Answer | { error: unknown }> {
  const auth = authorization(deps.tokenFile);
  const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
  try {
    const response = await sendRequest(deps.target, {
      method: call.method,
      path: call.path,
      headers: {
        ...auth,
        accept: 'application/json',
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': String(body.length) }),
      },
      ...(body === undefined ? {} : { body }),
      idleTimeoutMs: 30_000,
    });
    return { status: response.statusCode ?? 0, body: await text(response) };
  } catch (error) {
    return { error };
  }
}

function accept(call: Call, answer: Answer): Answer {
  const sealedGone = call.path === GATEWAY_PATHS.sealed && answer.status === 410;
  if ((answer.status >= 200 && answer.status < 300) || sealedGone) return answer;
  throw new GloveboxError({
    code: CODES[answer.status] ?? 'gateway-answer-invalid',
    message: `${call.method} ${call.path} was answered ${answer.status}: ${answer.body.slice(0, 300)}`,
    audience: 'sandbox',
    values: { status: answer.status },
  });
}

function parse<T extends z.ZodType>(schema: T, answer: Answer): z.infer<T> {
  try {
    return schema.parse(JSON.parse(answer.body));
  } catch (cause) {
    throw new GloveboxError({
      code: 'gateway-answer-invalid',
      message: `The gateway's answer (${answer.body.length} characters) is not what the contract says.`,
      cause,
    });
  }
}
