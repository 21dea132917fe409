/** The one logger. Passed in, never global; child loggers carry `deliveryId`, `taskId`, `attempt`, `repo`. */
import { type DestinationStream, type Logger, pino } from 'pino';

export type Log = Logger;

/** Builds the process's logger: JSON lines to `destination` (default standard error). */
export function createLog(level: string, destination?: DestinationStream): Log {
  return pino(
    {
      level,
      base: null,
      redact: ['authorization', '*.authorization', 'token', '*.token', 'headers["x-api-key"]'],
    },
    destination ?? pino.destination({ dest: 2, sync: true }),
  );
}
