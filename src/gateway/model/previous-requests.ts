/**
 * The last requests of each task, read, so that the next turn of a conversation is compared with the one before, which is
 * a memory comparison, and only its end is read. Forgetting costs time, never correctness.
 */
import type { ModelRequest } from './model-request.ts';

/** A task's conversations at once: the agent's own, and those of its helpers. */
const MAX_OF_TASK = 4;
const MAX_BYTES = 128 * 1024 * 1024;
/** The largest model's context is about 4 MB of text; what is larger would only crowd out other tasks' requests. */
const MAX_BYTES_OF_ONE = 8 * 1024 * 1024;

/** Requests by task, the least recently used task forgotten first. */
export class PreviousRequests {
  private readonly byTask = new Map<string, readonly ModelRequest[]>();
  private readonly maxBytes: number;
  private bytes = 0;

  constructor(maxBytes = MAX_BYTES) {
    this.maxBytes = maxBytes;
  }

  /** The latest first. */
  of(taskId: string): readonly ModelRequest[] {
    return this.byTask.get(taskId) ?? [];
  }

  /** Keeps a request in the place of the one that it goes on from. */
  remember(taskId: string, request: ModelRequest): void {
    if (request.bytes.length > MAX_BYTES_OF_ONE) return;
    const [first] = request.messages;
    const others = this.of(taskId).filter(({ messages }) => messages[0] !== first);
    const kept = [request, ...others.slice(0, MAX_OF_TASK - 1)];
    this.forget(taskId);
    this.byTask.set(taskId, kept);
    this.bytes += sizeOf(kept);
    for (const oldest of this.byTask.keys()) {
      if (this.bytes <= this.maxBytes) return;
      this.forget(oldest);
    }
  }

  private forget(taskId: string): void {
    this.bytes -= sizeOf(this.of(taskId));
    this.byTask.delete(taskId);
  }
}

function sizeOf(requests: readonly ModelRequest[]): number {
  return requests.reduce((sum, request) => sum + request.bytes.length, 0);
}
