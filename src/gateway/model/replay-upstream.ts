/**
 * A recorded transcript as a model upstream: each request must extend the one before as it did when it was recorded, and
 * gets the answer that was given then, streamed or not as it is asked now. Costs nothing and needs no network.
 */
import { Readable } from 'node:stream';
import { canonicalJson } from '../../shared/digest.ts';
import { GloveboxError } from '../../shared/errors.ts';
import type { TranscriptCall } from '../transcript/read-transcript.ts';
import { parseJson } from './assemble-answer.ts';
import { readMessage } from './read-message.ts';
import { answerEvents, type RecordedAnswer, recordedAnswer } from './recorded-answer.ts';
import type { Upstream, UpstreamAnswer, UpstreamRequest } from './upstream.ts';

/** `content`: a request gets the answer of the recorded request with the same messages. `order`: the next one, whatever is asked. */
export type ReplayMatch = 'content' | 'order';

interface Recorded {
  /** Canonical JSON of all messages, marks left out; what a request is matched by. */
  readonly messages: string;
  readonly answer: RecordedAnswer;
  used: boolean;
}

/** Builds the upstream from `readTranscript`'s calls. Error `replay-empty` where none of them has an answer. */
export function replayUpstream(calls: readonly TranscriptCall[], match: ReplayMatch = 'content'): Upstream {
  const recorded = recordedCalls(calls);
  if (recorded.length === 0) {
    throw new GloveboxError({
      code: 'replay-empty',
      message: 'The transcript holds no answered model call: there is nothing to replay.',
    });
  }
  return {
    name: 'replay',
    redact: (text) => text,
    send: async (request) => {
      if (request.body === null) return json(200, { data: [], has_more: false });
      if (request.path.includes('/count_tokens'))
        return json(200, { input_tokens: Math.ceil(request.body.length / 4) });
      return replay(recorded, request, match);
    },
  };
}

function replay(recorded: readonly Recorded[], request: UpstreamRequest, match: ReplayMatch): UpstreamAnswer {
  const body = parseJson(request.body?.toString('utf8') ?? '');
  const asked = messagesOf(body);
  const next = recorded.find((call) => !call.used && (match === 'order' || call.messages === asked));
  if (next === undefined) return mismatch(recorded);
  next.used = true;
  const streamed = body !== null && typeof body === 'object' && 'stream' in body && body.stream === true;
  if (!streamed) return json(200, next.answer);
  return {
    status: 200,
    headers: { 'content-type': 'text/event-stream', 'request-id': 'req_replay' },
    body: Readable.from(sse(next.answer), { objectMode: false }),
  };
}

function mismatch(recorded: readonly Recorded[]): UpstreamAnswer {
  const left = recorded.filter((call) => !call.used).length;
  const message =
    left === 0
      ? `Replay: all ${recorded.length} recorded answers were given; this request is one more than was recorded.`
      : `Replay: this request matches none of the ${left} recorded ones that are left; the conversation differs from the recording.`;
  const headers = { 'x-should-retry': 'false' };
  return json(404, { type: 'error', error: { type: 'not_found_error', message } }, headers);
}

/** Messages of each call in full: a later call holds those of the one it extends. */
function recordedCalls(calls: readonly TranscriptCall[]): Recorded[] {
  return calls.flatMap((call) => {
    const answer = recordedAnswer(call);
    return answer === null ? [] : [{ messages: canonicalJson(call.allMessages), answer, used: false }];
  });
}

function messagesOf(body: unknown): string {
  if (body === null || typeof body !== 'object' || !('messages' in body) || !Array.isArray(body.messages))
    return '[]';
  const texts = body.messages.map((message: unknown) =>
    parseJson(readMessage(message, (text) => text).text ?? ''),
  );
  return canonicalJson(texts);
}

function json(status: number, value: unknown, headers: Record<string, string> = {}): UpstreamAnswer {
  const body = Readable.from([Buffer.from(JSON.stringify(value))], { objectMode: false });
  return {
    status,
    headers: { 'content-type': 'application/json', 'request-id': 'req_replay', ...headers },
    body,
  };
}

function* sse(answer: RecordedAnswer): Generator<Uint8Array> {
  for (const event of answerEvents(answer)) {
    yield Buffer.from(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }
}
