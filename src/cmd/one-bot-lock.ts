/**
 * One bot per store while sandboxes are processes of its machine: a second one would take the first one's jobs for lost.
 * A session lock of PostgreSQL, so that it is free the moment its holder has died.
 */
import pg from 'pg';
import { systemClock } from '../shared/clock.ts';
import { GloveboxError } from '../shared/errors.ts';

/** Any number, as long as nobody else uses it on this database. */
const LOCK_KEY = 7_240_112;
const TRIES = 20;
const BETWEEN_MS = 500;

/** A held lock; `lost` resolves when the connection that holds it has gone: then this process must stop. */
export interface BotLock {
  readonly lost: Promise<void>;
  release(): Promise<void>;
}

/** Takes the lock, waiting 10 s for one that is just dying. Error `bot-running`. */
export async function takeBotLock(databaseUrl: string): Promise<BotLock> {
  const client = new pg.Client({ connectionString: databaseUrl, keepAlive: true });
  const lost = Promise.withResolvers<void>();
  client.on('error', () => lost.resolve());
  client.on('end', () => lost.resolve());
  await client.connect();
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [
      LOCK_KEY,
    ]);
    if (rows[0]?.taken) return { lost: lost.promise, release: () => client.end() };
    await systemClock.sleep(BETWEEN_MS);
  }
  await client.end();
  throw new GloveboxError({
    code: 'bot-running',
    message:
      'Another bot runs on this database: expected one while sandboxes are processes of its machine. Stop it, then start again.',
  });
}
