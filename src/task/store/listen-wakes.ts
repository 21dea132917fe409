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

/** Calls `onWake` with each task id that was made due. The first connection must succeed. */
export async function listenForWakes(
  url: string,
  onWake: (taskId: string) => void,
  log: Log,
): Promise<WakeListener> {
  let client: pg.Client;
  let timer: NodeJS.Timeout | null = null;
  let closed = false;

  async function connect(): Promise<void> {
    client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
    client.on('notification', (message) => onWake(message.payload ?? ''));
    client.on('error', (error) => log.warn({ err: error }, 'wake-ups are not heard; the poll goes on'));
    client.on('end', again);
    await client.connect();
    await client.query(`listen ${WAKE_CHANNEL}`);
  }
  function again(): void {
    if (closed) return;
    timer = setTimeout(() => connect().catch(again), RECONNECT_MS);
  }

  await connect();
  return {
    close: async () => {
      closed = true;
      if (timer) clearTimeout(timer);
      await client.end().catch(() => {});
    },
  };
}
