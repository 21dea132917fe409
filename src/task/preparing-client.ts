/**
 * A connection to PostgreSQL that keeps its statements prepared: parsing and planning a reservation anew costs 0.05 ms of
 * its 0.18 (measured). Kysely knows no names for statements, so each has one by its text.
 */
import { createHash } from 'node:crypto';
import pg from 'pg';

/** Texts that are built anew each time (a list's length, say) must not fill the server's memory. */
const MOST = 300;
/** By text, for the whole process: a name means the same on every connection, also behind a pooler. */
const names = new Map<string, string>();

/** For `pg.Pool`. */
export class PreparingClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    const query = this.query;
    Object.assign(this, {
      query: (...args: readonly unknown[]) => Reflect.apply(query, this, named(args)),
    });
  }
}

function named(args: readonly unknown[]): readonly unknown[] {
  const [text, values, ...rest] = args;
  if (typeof text !== 'string' || !Array.isArray(values) || values.length === 0) return args;
  const name = nameOf(text);
  return name === null ? args : [{ name, text, values }, ...rest];
}

/**
 * Null: not prepared. A statement that reads "all columns" would fail in an old process once a new one has migrated the
 * store ("cached plan must not change result type"); one that names them goes on.
 */
function nameOf(text: string): string | null {
  const known = names.get(text);
  if (known !== undefined) return known;
  if (names.size >= MOST || /(\b(select|returning)\s+|\.)\*/i.test(text)) return null;
  const name = `glovebox ${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
  names.set(text, name);
  return name;
}
