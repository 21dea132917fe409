/** Reads again while the way to the record is being restored: a port-forward or a database that restarts is no news. */
import { systemClock } from '../src/shared/clock.ts';

const LIMIT_MS = 60_000;
const BETWEEN_MS = 250;
/** PostgreSQL on its way down or up, and connections that end or cannot be made. */
const PASSING = new Set(['57P01', '57P02', '57P03', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT']);
const PASSING_TEXT =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

/** Answers with the first read that works. Errors: any that restoring the way cannot mend, at once; others after a minute. */
export async function steadily<Value>(read: () => Promise<Value>): Promise<Value> {
  const end = systemClock.now() + LIMIT_MS;
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (!mayPass(error) || systemClock.now() > end) throw error;
      await systemClock.sleep(BETWEEN_MS);
    }
  }
}

function mayPass(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && PASSING.has(String(error.code))) return true;
  return PASSING_TEXT.test(error.message) || mayPass(error.cause);
}
