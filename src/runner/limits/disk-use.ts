/**
 * What folders hold, counted by ourselves: `du` would be a process that the agent may kill, since it has our uid. Blocks
 * and entries; links count once, nothing is followed.
 */
import { chmodSync, lstatSync, type Stats } from 'node:fs';
import { readdir } from 'node:fs/promises';

/** Space and entries. */
export interface DiskUse {
  readonly bytes: number;
  readonly files: number;
}

/** What a count saw. `hasClosed`: folders that their owner closed were left out. */
export interface Counted extends DiskUse {
  readonly hasClosed: boolean;
}

const BLOCK_BYTES = 512;
/** Entries between two turns of the event loop. */
const BATCH = 500;
const SLASH = Buffer.from('/');

/**
 * Counts a folder, until `most` is passed; what vanishes meanwhile is left out. `opening`: closed folders, which are ours,
 * are opened for the count and closed again.
 */
export async function measureDiskUse(folder: string, most: DiskUse, opening = false): Promise<Counted> {
  const count = new Count(opening);
  try {
    await count.walk(Buffer.from(folder), most);
    return count;
  } finally {
    count.closeAgain();
  }
}

class Count implements Counted {
  bytes = 0;
  files = 0;
  hasClosed = false;
  readonly #opening: boolean;
  readonly #linked = new Set<number>();
  readonly #opened: { readonly path: Buffer; readonly mode: number }[] = [];

  constructor(opening: boolean) {
    this.#opening = opening;
  }

  async walk(folder: Buffer, most: DiskUse): Promise<void> {
    const rest = [folder];
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      this.#lookAt(next);
      rest.push(...(await this.#addAll(next)));
      if (this.bytes > most.bytes || this.files > most.files) return;
    }
  }

  closeAgain(): void {
    for (const { path, mode } of this.#opened.toReversed()) changeMode(path, mode);
  }

  #lookAt(folder: Buffer): void {
    const stat = statOf(folder);
    if (stat === null || !isClosed(stat)) return;
    this.hasClosed = true;
    if (!this.#opening) return;
    this.#opened.push({ path: folder, mode: stat.mode & 0o7777 });
    changeMode(folder, (stat.mode & 0o7777) | 0o700);
  }

  /** Answers with the folders among them. */
  async #addAll(folder: Buffer): Promise<Buffer[]> {
    const folders: Buffer[] = [];
    for (const name of await namesIn(folder)) {
      const path = Buffer.concat([folder, SLASH, name]);
      if (this.#add(path)) folders.push(path);
      if (this.files % BATCH === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return folders;
  }

  /** True for a folder. */
  #add(path: Buffer): boolean {
    const stat = statOf(path);
    if (stat === null || this.#isRepeated(stat)) return false;
    this.files++;
    this.bytes += stat.blocks * BLOCK_BYTES;
    return stat.isDirectory();
  }

  #isRepeated(stat: Stats): boolean {
    if (stat.nlink < 2 || stat.isDirectory()) return false;
    if (this.#linked.has(stat.ino)) return true;
    this.#linked.add(stat.ino);
    return false;
  }
}

/** Our own folder without our right to look into it. */
function isClosed(stat: Stats): boolean {
  return stat.uid === process.getuid?.() && (stat.mode & 0o500) !== 0o500;
}

function changeMode(path: Buffer, mode: number): void {
  try {
    chmodSync(path, mode);
  } catch {
    // Gone meanwhile.
  }
}

function namesIn(folder: Buffer): Promise<Buffer[]> {
  return readdir(folder, { encoding: 'buffer' }).catch(() => []);
}

function statOf(path: Buffer): Stats | null {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
}
