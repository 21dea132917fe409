/**
 * Which texts are in the store, so that they are packed and sent once. A call's record is not waited for until it is on
 * disk, so a text counts as stored, and is dropped here, only once a later transaction of the same life of the database
 * was: what is on disk of its log is always a prefix.
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
  private readonly written: { readonly source: ChunkSource; readonly life: string }[] = [];
  private confirmed = 0;

  constructor(maxEntries: number) {
    this.maxEntries = maxEntries;
  }

  has(digest: string): boolean {
    return this.digests.has(digest);
  }

  /** These were committed in this life, without waiting for the disk. */
  wrote(sources: readonly ChunkSource[], life: string): void {
    for (const source of sources) this.written.push({ source, life });
  }

  /** What was committed until now; ask before the transaction begins that shall confirm it. */
  mark(): number {
    return this.confirmed + this.written.length;
  }

  /**
   * A transaction that began after `mark` is on disk, and so is what was committed before it in the same life. What was
   * committed in an earlier one may be lost: its texts are kept, to be written again.
   */
  confirm(mark: number, life: string | null): void {
    const count = mark - this.confirmed;
    if (count <= 0) return;
    for (const written of this.written.splice(0, count)) {
      if (written.life === life) this.keep(written.source);
    }
    this.confirmed = mark;
  }

  private keep(source: ChunkSource): void {
    source.text = null;
    if (this.digests.size >= this.maxEntries) this.digests.clear();
    this.digests.add(source.digest);
  }
}
