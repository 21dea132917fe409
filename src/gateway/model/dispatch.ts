/** Sends a paid call upstream and carries the answer to the client; whatever happens, the call is ended once. */
import { hasCode } from '../../shared/errors.ts';
import { targetOf } from '../path-of.ts';
import { type AnswerMeter, meterFor } from './answer-meter.ts';
import { RefusedCall } from './anthropic-error.ts';
import { NO_ANSWER } from './assemble-answer.ts';
import type { ClientCall } from './client-call.ts';
import { type FinishDeps, finishCall, releaseCall } from './finish-call.ts';
import { answerHeaders, requestHeaders } from './pass-headers.ts';
import { passRefusal } from './pass-refusal.ts';
import { relay } from './relay.ts';
import type { CallMoney, PaidCall } from './reserve-call.ts';
import { rewriteBody } from './rewrite-body.ts';
import type { UpstreamAnswer } from './upstream.ts';

/** One call on its way. */
export interface Dispatch {
  readonly money: CallMoney;
  readonly paid: PaidCall;
  readonly flight: { readonly client: ClientCall; readonly exchange: AbortController; over(): void };
}

/** Resolves when the answer's head is on its way to the client. Throws `RefusedCall` where no answer came. */
export async function dispatch(deps: FinishDeps, call: Dispatch): Promise<void> {
  const { exchange, client } = call.flight;
  const answer = await send(deps, call);
  if (answer.status >= 300) return refusedUpstream(deps, call, answer);
  const meter = meterFor(answer.headers['content-type']);
  client.outgoing.writeHead(answer.status, answerHeaders(answer.headers));
  relay(
    {
      body: answer.body,
      outgoing: client.outgoing,
      exchange,
      clientIdleMs: deps.limits.clientIdleMs,
    },
    { seen: (bytes) => meter.push(bytes), ended: () => void finish(deps, call, { answer, meter }) },
  );
}

async function send(deps: FinishDeps, { money, paid, flight }: Dispatch): Promise<UpstreamAnswer> {
  const body = rewriteBody(money.request, paid.maxTokens);
  const { incoming } = flight.client;
  const headers = requestHeaders(incoming.headers, body.length);
  try {
    return await deps.upstream.send(
      { method: 'POST', path: targetOf(incoming.url), headers, body },
      flight.exchange.signal,
    );
  } catch (error) {
    deps.log.warn({ err: error, taskId: money.caller.taskId }, 'upstream gave no answer');
    if (hasCode(error, 'upstream-unreachable')) await releaseCall(deps, money, paid);
    else await finishCall(deps, money, paid, { status: null, upstreamRequestId: null, answer: NO_ANSWER });
    throw new RefusedCall({
      status: 502,
      type: 'api_error',
      message: 'The model gave no answer. Try again.',
      retry: 2,
    });
  }
}

function finish(
  deps: FinishDeps,
  { money, paid, flight }: Dispatch,
  { answer, meter }: { answer: UpstreamAnswer; meter: AnswerMeter | null },
): Promise<void> {
  flight.over();
  const upstreamRequestId = answer.headers['request-id'];
  const seen = {
    status: answer.status,
    upstreamRequestId: typeof upstreamRequestId === 'string' ? upstreamRequestId : null,
    answer: meter?.answer() ?? NO_ANSWER,
  };
  return finishCall(deps, money, paid, seen);
}

async function refusedUpstream(deps: FinishDeps, call: Dispatch, answer: UpstreamAnswer): Promise<void> {
  const status = Math.max(answer.status, 400);
  void finish(deps, call, { answer: { ...answer, status }, meter: null });
  await passRefusal(deps, answer, call.flight.client.outgoing);
}
