/** The store: reachable, recent enough, and with the schema that this program knows. Looks only, never migrates. */
import type { StoreFacts } from '../../../task/inspect-store.ts';
import { type Check, type Finding, fails, ok, warns } from '../check.ts';

/** Releases that the PostgreSQL project still mends, and whose SQL our statements use. */
const OLDEST_MAJOR = 14;

/** `look` answers with what it saw, or why it could not look. Its errors: the store's. */
export function databaseCheck(look: () => Promise<StoreFacts | Finding>): Check {
  return {
    name: 'database',
    timeoutMs: 20_000,
    remedy: 'check DATABASE_URL, the network to the server, and its account',
    run: async () => {
      const facts = await look();
      return ['state' in facts ? facts : judgeStore(facts)];
    },
  };
}

/** Pure. */
export function judgeStore({ serverVersion, applied, unknown, missing }: StoreFacts): Finding {
  const major = Number.parseInt(serverVersion, 10);
  const server = `PostgreSQL ${serverVersion.split(' ')[0]}`;
  if (!(major >= OLDEST_MAJOR)) {
    return fails(`${server} is too old`, `use PostgreSQL ${OLDEST_MAJOR} or newer`);
  }
  if (unknown.length > 0) {
    return fails(
      `${server}, schema has '${unknown[0]}', which this program does not know`,
      'start the version that wrote it, or restore a backup made before it',
    );
  }
  if (missing.length > 0) {
    return warns(
      `${server}, schema ${applied.length} of ${applied.length + missing.length}`,
      'start bot and gateway of this version: they bring the schema up to date',
    );
  }
  return ok(`${server}, schema ${applied.length}`);
}
