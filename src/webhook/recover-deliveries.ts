/**
 * The sweep's first half: deliveries that GitHub could not bring are read from its own record and stored like any other.
 * One that cannot be read holds up no other; it is tried again for a while, then given up, which is said.
 */
import { hasCode } from '../shared/errors.ts';
import { knownDeliveries } from '../task/store/delivery-history.ts';
import { insertDelivery } from '../task/store/insert-delivery.ts';
import type { ListedDelivery } from './github.ts';
import { isHandled, toDelivery } from './receive-webhook.ts';
import { GRACE_MS, MOST_TRIES, mayPass, REACH_MS, type SweepDeps } from './sweep-deps.ts';

/** Failures in a row that may pass by themselves: more of them, and the rest waits for the next sweep. */
const MOST_UNAVAILABLE = 3;
/** Cut listings that are gone on with. */
const MOST_HOLES = 100;

/** What one process knows between sweeps; a new one looks two days back instead. */
export interface DeliveryMemory {
  /** What is older has been listed, or is in `holes`. */
  since: Date;
  /** Listings that were cut, each with where it goes on. */
  holes: { readonly since: Date; readonly from: string }[];
  /** Lost ones that were not stored yet, by guid. */
  readonly unread: Map<string, Unread>;
}

/** A lost delivery, and how often reading it failed. */
interface Unread {
  readonly delivery: ListedDelivery;
  readonly tries: number;
}

/** Stores what it can and answers how many; `began` is since when the next sweep looks. Errors: GitHub's, where nothing can be listed; the store's. */
export async function recoverDeliveries(
  deps: SweepDeps,
  memory: DeliveryMemory,
  began: Date,
): Promise<number> {
  await listHoles(deps, memory);
  const { deliveries, next } = await deps.github.listDeliveries(memory.since, null);
  await remember(deps, memory, deliveries);
  if (next !== null) memory.holes.push({ since: memory.since, from: next });
  memory.since = began;
  const recovered = await readAll(deps, memory);
  if (recovered > 0) deps.wake();
  return recovered;
}

/** Goes on where listings were cut, one part of each a sweep. */
async function listHoles(deps: SweepDeps, memory: DeliveryMemory): Promise<void> {
  const holes = memory.holes.slice(-MOST_HOLES);
  if (holes.length < memory.holes.length)
    deps.log.warn('deliveries lie too far back: older ones are not looked at');
  memory.holes = [];
  for (const { since, from } of holes) {
    try {
      const { deliveries, next } = await deps.github.listDeliveries(since, from);
      await remember(deps, memory, deliveries);
      if (next !== null) memory.holes.push({ since, from: next });
    } catch (error) {
      const isOver = hasCode(error, 'github-refused');
      if (!isOver) memory.holes.push({ since, from });
      deps.log.warn({ err: error, since, givenUp: isOver }, 'older deliveries cannot be listed');
    }
  }
}

async function remember(
  deps: SweepDeps,
  memory: DeliveryMemory,
  listed: readonly ListedDelivery[],
): Promise<void> {
  const known = await knownDeliveries(deps.db, [...listed.map(({ guid }) => guid), ...memory.unread.keys()]);
  for (const guid of known) memory.unread.delete(guid);
  for (const delivery of lostDeliveries({ listed, known, now: deps.now() })) {
    if (!memory.unread.has(delivery.guid)) memory.unread.set(delivery.guid, { delivery, tries: 0 });
  }
}

interface LossInput {
  readonly listed: readonly ListedDelivery[];
  /** Guids that the record has. */
  readonly known: ReadonlySet<string>;
  readonly now: number;
}

/** Deliveries that failed, that we would handle, and that the record has not; each guid once. Pure. */
export function lostDeliveries({ listed, known, now }: LossInput): readonly ListedDelivery[] {
  const arrived = new Set(listed.filter(({ ok }) => ok).map(({ guid }) => guid));
  const lost = listed.filter(
    (one) =>
      isHandled(one) &&
      !known.has(one.guid) &&
      !arrived.has(one.guid) &&
      one.deliveredAt.getTime() < now - GRACE_MS,
  );
  return [...new Map(lost.map((one) => [one.guid, one])).values()];
}

/** Those that failed least come first, so that none is behind one that always fails. */
async function readAll(deps: SweepDeps, { unread }: DeliveryMemory): Promise<number> {
  let recovered = 0;
  let unavailable = 0;
  for (const one of [...unread.values()].sort((a, b) => a.tries - b.tries)) {
    if (unavailable >= MOST_UNAVAILABLE) break;
    try {
      recovered += (await store(deps, one.delivery)) ? 1 : 0;
      unread.delete(one.delivery.guid);
      unavailable = 0;
    } catch (error) {
      unavailable = mayPass(error) ? unavailable + 1 : 0;
      putOff(deps, { unread, one, error });
    }
  }
  return recovered;
}

interface PutOff {
  readonly unread: DeliveryMemory['unread'];
  readonly one: Unread;
  readonly error: unknown;
}

/** What is refused is tried for an hour; what GitHub is only away for, as far back as sweeps look. */
function putOff(deps: SweepDeps, { unread, one: { delivery, tries }, error }: PutOff): void {
  const { guid, event, deliveredAt } = delivery;
  const isOld = deliveredAt.getTime() < deps.now() - REACH_MS;
  const isOver = mayPass(error) ? isOld : tries + 1 >= MOST_TRIES;
  if (isOver) unread.delete(guid);
  else unread.set(guid, { delivery, tries: tries + 1 });
  deps.log.warn({ err: error, guid, event, givenUp: isOver }, 'a lost delivery cannot be read');
}

async function store(deps: SweepDeps, lost: ListedDelivery): Promise<boolean> {
  const payload = await deps.github.readDeliveryPayload(lost.id);
  const delivery = toDelivery({ id: lost.guid, event: lost.event }, JSON.stringify(payload));
  if (delivery === null) return false;
  await insertDelivery(deps.db, delivery);
  return true;
}
