/** A task's transcript for people and for `replay`: every call with the messages that were new in it and its answer. */
import { digestOf } from '../../shared/digest.ts';
import type { Db } from '../../task/open-database.ts';
import { type LoadedCall, loadCalls, loadTexts } from './load-calls.ts';

/** One call, read back. All contents are foreign text. */
export interface TranscriptCall {
  readonly id: string;
  readonly attempt: number;
  readonly round: number;
  readonly createdAt: Date;
  readonly model: string;
  readonly status: number | null;
  /** `exact` or `bounded`, and nano-dollars. */
  readonly state: string;
  readonly nanoUsd: bigint | null;
  /** Ours, and the upstream's. */
  readonly requestId: string;
  readonly upstreamRequestId: string | null;
  /** Everything beside messages: model, system, tools. */
  readonly head: unknown;
  /** How many messages stand before `messages`, and from which call. */
  readonly inherited: number;
  readonly messages: readonly unknown[];
  /** The whole request's messages. */
  readonly allMessages: readonly unknown[];
  readonly answer: unknown;
  readonly answerId: string | null;
  readonly stopReason: string | null;
  readonly usage: unknown;
}

/** Every recorded call of a task, in order; `attempt` narrows. */
export async function readTranscript(
  db: Db,
  task: { readonly taskId: string; readonly attempt?: number | undefined },
): Promise<readonly TranscriptCall[]> {
  const calls = await loadCalls(db, task);
  const byId = new Map(calls.map((call) => [call.id, call]));
  const texts = await loadTexts(
    db,
    calls.flatMap((call) => [call.head, ...call.messages, ...(call.answer === null ? [] : [call.answer])]),
  );
  return calls.map((call) => {
    const inherited = sharedWithParent(call, byId);
    const allMessages = call.messages.map((digest) => texts.get(digest));
    return {
      id: call.id,
      attempt: call.attempt,
      round: call.round,
      createdAt: call.createdAt,
      model: call.model,
      status: call.status,
      state: call.state,
      nanoUsd: call.nanoUsd,
      requestId: call.requestId,
      upstreamRequestId: call.upstreamRequestId,
      head: texts.get(call.head),
      inherited,
      messages: allMessages.slice(inherited),
      allMessages,
      answer: call.answer === null ? null : texts.get(call.answer),
      answerId: call.answerId,
      stopReason: call.stopReason,
      usage: call.usage,
    };
  });
}

function sharedWithParent(call: LoadedCall, byId: ReadonlyMap<string, LoadedCall>): number {
  return call.parentId === null ? 0 : (byId.get(call.parentId)?.messages.length ?? 0);
}

/** The transcript's identity, for the commit message: over every call's head, messages and answer, in order. */
export async function transcriptDigest(
  db: Db,
  task: { readonly taskId: string; readonly attempt?: number | undefined },
) {
  const calls = await loadCalls(db, task);
  const lines = calls.map((call) => [call.head, call.answer ?? '-', ...call.messages].join(' '));
  return digestOf(`glovebox transcript v1\n${lines.join('\n')}`);
}
