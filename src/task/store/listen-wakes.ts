/** Hears PostgreSQL's notifications of due tasks. A hint only: while the connection is away, the poll finds them. */
import pg from 'pg';
import type { Log } from '../../shared/log.ts';
import { WAKE_CHANNEL } from './wake-task.ts';

/** Until a lost connection is made anew, in milliseconds. */
const RECONNECT_MS = 1_000;

/** A listener on a connection of its own. */
export interface WakeListener {
  close(): Promise<void>;
}

/**
 * Calls `onWake` with each task id that was made due, until closed; a connection that cannot be made is tried again, the
 * first one included.
 */
export async function listenForWakes(
  url: string,
  onWake: (taskId: string) => void,
  log: Log,
): Promise<WakeListener> {
  const listener = new Listener(url, onWake, log);
  await listener.connect();
  return listener;
}

class Listener implements WakeListener {
  readonly #url: string;
  readonly #onWake: (taskId: string) => void;
  readonly #log: Log;
  #client: pg.Client | null = null;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(url: string, onWake: (taskId: string) => void, log: Log) {
    this.#url = url;
    this.#onWake = onWake;
    this.#log = log;
  }

  async connect(): Promise<void> {
    const client = new pg.Client({ connectionString: this.#url, connectionTimeoutMillis: 5_000 });
    client.on('notification', (message) => this.#onWake(message.payload ?? ''));
    client.on('error', (error) => this.#lost(client, error));
    try {
      await client.connect();
      await client.query(`listen ${WAKE_CHANNEL}`);
      this.#client = client;
      client.on('end', () => this.#lost(client, new Error('connection ended')));
    } catch (error) {
      this.#lost(client, error);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#client?.end().catch(() => {});
  }

  /** Once for each connection: an error and an end may both be told. */
  #lost(client: pg.Client, error: unknown): void {
    if (this.#closed || this.#timer || (this.#client && this.#client !== client)) return;
    this.#log.warn({ err: error }, 'wake-ups are not heard; the poll goes on');
    this.#client = null;
    client.end().catch(() => {});
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.connect();
    }, RECONNECT_MS);
  }
}
