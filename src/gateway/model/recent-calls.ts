/**
 * The last calls of each task, in memory: which one a new request extends (its transcript then stores only what is new),
 * and how many tokens the shared prefix was metered at (its reservation is then exact for that part). Forgetting costs a
 * larger reservation and a longer row, never correctness.
 */
import type { ModelRequest } from './model-request.ts';

/** One call whose request later ones may extend. */
export interface RecentCall {
  readonly callId: string;
  readonly headDigest: string;
  readonly messageDigests: readonly string[];
  /** Input tokens of the whole request as metered; null until an exact answer came. */
  readonly inputTokens: number | null;
  /** Resolves when the attempt to record it has ended, whatever came of it. */
  readonly recorded: Promise<void>;
}

/** What a request shares with an earlier one. */
export interface SharedPrefix {
  /** The call whose messages are all at the start of this request; null where there is none. */
  readonly parent: {
    readonly callId: string;
    readonly messages: number;
    readonly recorded: Promise<void>;
  } | null;
  /** Longest prefix with metered tokens: its token count and how many messages it has. */
  readonly metered: { readonly tokens: number; readonly messages: number };
}

const MAX_TASKS = 500;
const MAX_CALLS = 8;

/** Recent calls by task, the least recently used task forgotten first. */
export class RecentCalls {
  private readonly byTask = new Map<string, RecentCall[]>();

  /** Finds the longest earlier request that this one extends. */
  shared(taskId: string, request: ModelRequest): SharedPrefix {
    const calls = (this.byTask.get(taskId) ?? []).filter((call) => extendsCall(request, call));
    const parent = longest(calls);
    const countable = request.head.editsContext ? [] : calls;
    const metered = longest(
      countable.filter((call) => call.inputTokens !== null && call.headDigest === request.head.digest),
    );
    return {
      parent: parent && {
        callId: parent.callId,
        messages: parent.messageDigests.length,
        recorded: parent.recorded,
      },
      metered: { tokens: metered?.inputTokens ?? 0, messages: metered?.messageDigests.length ?? 0 },
    };
  }

  /** Remembers a call whose answer has ended, before it is recorded: the next one may come first. */
  remember(taskId: string, call: RecentCall): void {
    const calls = this.byTask.get(taskId) ?? [];
    this.byTask.delete(taskId);
    this.byTask.set(taskId, [...calls, call].slice(-MAX_CALLS));
    if (this.byTask.size <= MAX_TASKS) return;
    const oldest = this.byTask.keys().next();
    if (oldest.done !== true) this.byTask.delete(oldest.value);
  }
}

function extendsCall(request: ModelRequest, call: RecentCall): boolean {
  if (call.messageDigests.length > request.messages.length) return false;
  return call.messageDigests.every((digest, index) => digest === request.messages[index]?.digest);
}

function longest(calls: readonly RecentCall[]): RecentCall | null {
  return calls.reduce<RecentCall | null>(
    (best, call) => (best === null || call.messageDigests.length >= best.messageDigests.length ? call : best),
    null,
  );
}
