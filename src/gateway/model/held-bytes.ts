/** How many bytes of request bodies are held at once: by each job, so that none takes them all, and in all, for our memory. */

/** Both bounds, in bytes. */
export interface HeldBytesRule {
  readonly maxHeldBytes: number;
  readonly maxHeldBytesPerJob: number;
}

/** The accounts of one process. */
export class HeldBytes {
  private readonly rule: HeldBytesRule;
  private readonly byJob = new Map<string, number>();
  private all = 0;

  constructor(rule: HeldBytesRule) {
    this.rule = rule;
  }

  /** False, and nothing is taken, where so many bytes more would be too many. */
  take(jobName: string, count: number): boolean {
    const ofJob = (this.byJob.get(jobName) ?? 0) + count;
    if (ofJob > this.rule.maxHeldBytesPerJob || this.all + count > this.rule.maxHeldBytes) return false;
    this.byJob.set(jobName, ofJob);
    this.all += count;
    return true;
  }

  /** Gives back what was taken. */
  give(jobName: string, count: number): void {
    const ofJob = (this.byJob.get(jobName) ?? 0) - count;
    if (ofJob > 0) this.byJob.set(jobName, ofJob);
    else this.byJob.delete(jobName);
    this.all -= count;
  }
}
