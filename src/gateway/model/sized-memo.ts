/** Remembers what was read, up to a count and a size: a caller that sends new texts without end fills no memory. */

/** Both bounds. What alone is larger than an eighth of `maxSize` is not kept. */
export interface SizedMemoRule {
  readonly maxEntries: number;
  readonly maxSize: number;
}

/** Values by key, the oldest dropped first. */
export class SizedMemo<Value> {
  private readonly kept = new Map<string, { readonly value: Value; readonly size: number }>();
  private readonly rule: SizedMemoRule;
  private size = 0;

  constructor(rule: SizedMemoRule) {
    this.rule = rule;
  }

  get(key: string): Value | undefined {
    return this.kept.get(key)?.value;
  }

  /** `size` is in bytes, or whatever the bound is in. */
  set(key: string, value: Value, size: number): void {
    if (size > this.rule.maxSize / 8 || this.kept.has(key)) return;
    this.kept.set(key, { value, size });
    this.size += size;
    for (const [oldest, { size: freed }] of this.kept) {
      if (this.kept.size <= this.rule.maxEntries && this.size <= this.rule.maxSize) return;
      this.kept.delete(oldest);
      this.size -= freed;
    }
  }
}
