/**
 * Wakes whoever can use room that became free. Beside the passes that freed it and never twice at once: one look reads the
 * whole schedule, so that a hundred tasks that end in one moment cost one or two.
 */
import { systemClock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { Db } from '../task/open-database.ts';
import type { Room } from '../task/store/startable-tasks.ts';
import { wakeStartable } from '../task/store/wake-startable.ts';

/** Between two looks, in milliseconds; the first is at once. */
const APART_MS = 200;

/** What a look needs; `woke` is told when tasks were made due. */
export interface RoomLookDeps {
  readonly db: Db;
  readonly room: Room;
  readonly log: Log;
  woke(): void;
}

/** Started by the controller's loop. */
export interface RoomLook {
  /** Room became free; safe to call as often as one likes. */
  freed(): void;
  /** Resolves when the look in flight has ended; none begins after it. */
  stop(): Promise<void>;
}

/** Builds it; nothing is read before the first `freed`. */
export function createRoomLook(deps: RoomLookDeps): RoomLook {
  const stopped = new AbortController();
  let isWanted = false;
  let looking: Promise<void> | null = null;
  const look = async (): Promise<void> => {
    while (isWanted && !stopped.signal.aborted) {
      isWanted = false;
      await wakeWhoCan(deps);
      await systemClock.sleep(APART_MS, stopped.signal).catch(() => {});
    }
    looking = null; // in the turn of the last test: what is freed from now on starts anew
  };
  return {
    freed() {
      isWanted = true;
      looking ??= look();
    },
    async stop() {
      stopped.abort();
      await looking;
    },
  };
}

async function wakeWhoCan({ db, room, log, woke }: RoomLookDeps): Promise<void> {
  try {
    if ((await wakeStartable(db, room)) > 0) woke();
  } catch (error) {
    log.warn({ err: error }, 'nobody was told of free room; the resync tells them');
  }
}
