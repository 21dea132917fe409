/**
 * Which texts are in the store, so that they are packed and sent once. A call's record is not waited for until it is on
 * disk, so a text counts as stored, and is dropped here, only once a later transaction was: what is on disk of the
 * database's log is always a prefix of it.
 */

/** A text and its SHA-256 in hex; the text is dropped once it is stored. */
export interface ChunkSource {
  readonly digest: string;
  text: string | null;
}

/** Digests known to be stored; bounded. */
export class StoredChunks {
  private readonly digests = new Set<string>();
  private readonly maxEntries: number;
  /** Committed, and lost if the database crashed now. */
  private written: ChunkSource[] = [];
  private confirmed = 0;

  constructor(maxEntries: number) {
    this.maxEntries = maxEntries;
  }

  has(digest: string): boolean {
    return this.digests.has(digest);
  }

  /** These were committed, without waiting for the disk. */
  wrote(sources: readonly ChunkSource[]): void {
    this.written.push(...sources);
  }

  /** What was committed until now; ask before the transaction begins that shall confirm it. */
  mark(): number {
    return this.confirmed + this.written.length;
  }

  /** A transaction that began after `mark` is on disk, and so is everything that was committed before it. */
  confirm(mark: number): void {
    const count = mark - this.confirmed;
    if (count <= 0) return;
    for (const source of this.written.splice(0, count)) {
      source.text = null;
      if (this.digests.size >= this.maxEntries) this.digests.clear();
      this.digests.add(source.digest);
    }
    this.confirmed = mark;
  }
}
