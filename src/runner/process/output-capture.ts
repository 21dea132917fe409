/** Keeps the first and the last bytes of a command's output and counts the rest; never pauses the writer. */
import type { Output } from '../../result/contract/cell.ts';

const HEAD_BYTES = 16_000;
const TAIL_BYTES = 32_000;

/** Collects output; memory stays under about 100 KB however much is written. */
export class OutputCapture {
  #head: Buffer[] = [];
  #headBytes = 0;
  #tail: Buffer[] = [];
  #tailBytes = 0;
  totalBytes = 0;

  /** Takes one chunk. */
  add(chunk: Buffer): void {
    this.totalBytes += chunk.length;
    const room = HEAD_BYTES - this.#headBytes;
    const first = room > 0 ? chunk.subarray(0, room) : Buffer.alloc(0);
    if (first.length > 0) {
      this.#head.push(Buffer.from(first));
      this.#headBytes += first.length;
    }
    const rest = chunk.subarray(first.length);
    if (rest.length > 0) this.#addTail(rest);
  }

  /** The contract's form. `head` and `tail` never overlap; short output is all in `head`. */
  output(): Output {
    return {
      head: Buffer.concat(this.#head).toString('utf8'),
      tail: Buffer.concat(this.#tail).subarray(-TAIL_BYTES).toString('utf8'),
      totalBytes: this.totalBytes,
    };
  }

  /** The last `count` lines of what was kept. */
  lastLines(count: number): string {
    const { head, tail } = this.output();
    return (head + tail).trimEnd().split('\n').slice(-count).join('\n');
  }

  #addTail(rest: Buffer): void {
    this.#tail.push(Buffer.from(rest.subarray(-TAIL_BYTES)));
    this.#tailBytes += Math.min(rest.length, TAIL_BYTES);
    if (this.#tailBytes < 4 * TAIL_BYTES) return;
    const kept = Buffer.concat(this.#tail).subarray(-TAIL_BYTES);
    this.#tail = [kept];
    this.#tailBytes = kept.length;
  }
}
