/** Settlements under way, by task: they run beside the calls that follow, which wait only for what would bind them. */

interface Settlement {
  /** Never rejects. */
  readonly ended: Promise<void>;
  /** The task's next call may not be made before this one is in the record. */
  readonly binds: boolean;
}

/** Those of one process. */
export class Settlements {
  private readonly byTask = new Map<string, Set<Settlement>>();

  /** How many tasks have one under way. */
  get size(): number {
    return this.byTask.size;
  }

  add(taskId: string, settlement: Settlement): void {
    const open = this.byTask.get(taskId) ?? new Set();
    this.byTask.set(taskId, open.add(settlement));
    void settlement.ended.finally(() => {
      open.delete(settlement);
      if (open.size === 0) this.byTask.delete(taskId);
    });
  }

  /** Resolves when those that are under way now have ended. */
  async settled(taskId: string, which: 'all' | 'binding'): Promise<void> {
    const open = this.byTask.get(taskId);
    if (open === undefined) return;
    await Promise.all([...open].filter(({ binds }) => binds || which === 'all').map(({ ended }) => ended));
  }
}
