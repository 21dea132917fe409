/** What the model routes are built from: one object, made in `cmd/`. */
import type { AuditEvent } from '../../audit/event.ts';
import type { Caps, ModelPrice } from '../../config/model-price.ts';
import type { PricedFeatures } from '../../ledger/cost-feature.ts';
import type { ReserveRequest } from '../../ledger/decide-reservation.ts';
import type { OpenReservation } from '../../ledger/reserve-open.ts';
import type { Payer } from '../../ledger/scopes-of.ts';
import type { Clock } from '../../shared/clock.ts';
import type { RandomBytes } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { Db } from '../../task/open-database.ts';
import type { ByteBudgetRule } from '../byte-budget.ts';
import type { Caller, Identity, JobClosings } from '../identity.ts';
import type { RecordRefusal } from '../record-refusal.ts';
import type { Scrub } from './scrub-strings.ts';
import type { Upstream } from './upstream.ts';

/** Bounds that keep one caller from harming the others; times in milliseconds. */
export interface ModelLimits {
  /** Anthropic's own bound is 32 MB. */
  readonly maxBodyBytes: number;
  /** Bytes of request bodies held at once, over all callers. */
  readonly maxHeldBytes: number;
  /** Of these, the bodies of one job. */
  readonly maxHeldBytesPerJob: number;
  /** Bytes of new text that one job may have us look through for secrets; what was read before costs nothing. */
  readonly newBytes: ByteBudgetRule;
  /** Between two pieces of a request body. */
  readonly bodyIdleMs: number;
  /** How long a client may leave an answer unread. */
  readonly clientIdleMs: number;
  /** Calls of one job at once, paid or free. */
  readonly callsPerJob: number;
  /** How long a call waits while only live reservations stand in the way. */
  readonly waitMs: number;
  /** How long a row stays ours without being renewed; a killed gateway's rows hold its rounds up for as long. */
  readonly leaseMs: number;
}

export const MODEL_LIMITS: ModelLimits = {
  maxBodyBytes: 32 * 1024 * 1024,
  // sixteen bodies of 32 MB took 870 MB of resident memory; the pod has 1 GiB
  maxHeldBytes: 256 * 1024 * 1024,
  maxHeldBytesPerJob: 64 * 1024 * 1024,
  // the dearest text costs 0.4 s a megabyte: a tenth of one core for a job that sends it without end
  newBytes: { burstBytes: 16 * 1024 * 1024, bytesPerSecond: 256 * 1024 },
  bodyIdleMs: 30_000,
  clientIdleMs: 60_000,
  callsPerJob: 64,
  waitMs: 60_000,
  leaseMs: 30_000,
};

export interface ModelDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  readonly identity: Identity;
  /** Reads the phase in the reservation's own transaction; a closed one makes no reservation. */
  checkPhase(trx: Db, caller: Caller): Promise<'open' | 'closed'>;
  /**
   * `reserveOpen` where jobs stand in the record: phase and money in one round trip. Null, or none given: `checkPhase` and
   * `reserve` decide in a transaction.
   */
  readonly reserveOpen?: (db: Db, caller: Caller, request: ReserveRequest) => Promise<OpenReservation | null>;
  readonly closings: JobClosings;
  /** Who pays for this caller's calls, e.g. `readPayer`. */
  payerOf(caller: Caller): Promise<Payer>;
  /** Read at every reservation: the admin's caps bind live. */
  caps(): Caps;
  prices(): ReadonlyMap<string, ModelPrice>;
  readonly pricedFeatures: PricedFeatures;
  readonly upstream: Upstream;
  readonly scrub: Scrub;
  /** Appends to a task's audit chain; standalone there is none. */
  audit(taskId: string, event: AuditEvent): Promise<void>;
  /** Where tokens that open nothing are told; standalone nowhere. */
  readonly recordRefusal: RecordRefusal;
  /** Names this process in ledger rows. */
  readonly gateway: string;
  readonly limits: ModelLimits;
}
