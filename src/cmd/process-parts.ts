/** What every process of ours is made of: store, keys, logger, clock and randomness, from its environment. */
import { hkdfSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { CommonEnv } from '../config/env.ts';
import { type Clock, systemClock } from '../shared/clock.ts';
import { GloveboxError } from '../shared/errors.ts';
import { type RandomBytes, systemRandom } from '../shared/ids.ts';
import { createLog, type Log } from '../shared/log.ts';
import { createSecretBox, type SecretBox } from '../shared/secret-box.ts';
import { type OpenStore, openDatabase, type StoreLocation } from '../task/open-database.ts';

export interface ProcessParts {
  readonly store: OpenStore;
  readonly secretBox: SecretBox;
  /** Signs the hidden markers of what we post; derived from the store key. */
  readonly markerKey: Uint8Array;
  /** Names this process in leases and ledger rows. */
  readonly name: string;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
}

const MAX_CONNECTIONS = 20;

/** Where the environment says that the store is. */
export function storeLocation(env: Pick<CommonEnv, 'databaseUrl' | 'home'>): StoreLocation {
  return env.databaseUrl === null
    ? { kind: 'pglite', folder: join(env.home, 'store') }
    : { kind: 'postgres', url: env.databaseUrl, maxConnections: MAX_CONNECTIONS };
}

/** False for an embedded store that no process has made yet. */
export function isStoreMade(location: StoreLocation): boolean {
  return location.kind === 'postgres' || existsSync(location.folder);
}

/** Opens the store and builds the rest. Errors: `store-needed`, the store's. */
export async function processParts(env: CommonEnv, role: string): Promise<ProcessParts> {
  if (env.sandbox === 'kubernetes' && env.databaseUrl === null) throw storeNeeded();
  return {
    store: await openDatabase(storeLocation(env)),
    secretBox: createSecretBox(env.storeKey, systemRandom),
    markerKey: markerKey(env.storeKey),
    name: `${role}@${hostname()}:${process.pid}`,
    clock: systemClock,
    random: systemRandom,
    log: createLog(env.logLevel),
  };
}

function storeNeeded(): GloveboxError {
  return new GloveboxError({
    code: 'store-needed',
    message:
      "Missing DATABASE_URL in the environment: with GLOVEBOX_SANDBOX 'kubernetes' bots and gateways share their record in PostgreSQL. Set it, then start again.",
  });
}

/** The marker's key; another purpose, another key (RFC 5869). */
export function markerKey(storeKey: Uint8Array): Uint8Array {
  return Buffer.from(hkdfSync('sha256', storeKey, '', 'glovebox marker', 32));
}
