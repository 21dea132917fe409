/**
 * What webhooks lose: GitHub does not redeliver by itself. Every few minutes failed deliveries are taken from the App's
 * deliveries API, and labelled issues that no delivery told of are answered; neither half holds up the other.
 */
import { forgetDeliveries } from '../task/store/delivery-history.ts';
import { answerUnheard, type LabelMemory } from './answer-unheard.ts';
import { type DeliveryMemory, recoverDeliveries } from './recover-deliveries.ts';
import { reach, type SweepDeps } from './sweep-deps.ts';

const KEEP_DAYS = 30;
/** GitHub lists a delivery late, and ours are left alone for 2 minutes. */
const OVERLAP_MS = 900_000;

/** What one sweep did. */
export interface SweepResult {
  readonly recovered: number;
  readonly answered: number;
}

/** From where each half goes on. */
export interface SweepMemory {
  readonly deliveries: DeliveryMemory;
  readonly labels: LabelMemory;
}

/** The memory of a process that has not swept yet: it reaches back two days. */
export function newSweepMemory(deps: Pick<SweepDeps, 'now'>): SweepMemory {
  return {
    deliveries: { since: reach(deps), holes: [], unread: new Map() },
    labels: { since: reach(deps), behind: new Map() },
  };
}

/**
 * One sweep; `withLabels` costs calls in every repository. A half that fails is logged, and goes on from the same moment
 * next time. Errors: the store's.
 */
export async function sweepDeliveries(
  deps: SweepDeps,
  memory: SweepMemory = newSweepMemory(deps),
  withLabels = true,
): Promise<SweepResult> {
  const began = new Date(deps.now() - OVERLAP_MS);
  const recovered = await half(deps, 'deliveries', () => recoverDeliveries(deps, memory.deliveries, began));
  const answered = withLabels
    ? await half(deps, 'labels', () => answerUnheard(deps, memory.labels, began))
    : 0;
  await forgetDeliveries(deps.db, KEEP_DAYS);
  deps.log[recovered + answered > 0 ? 'info' : 'debug']({ recovered, answered }, 'swept');
  return { recovered, answered };
}

async function half({ log }: SweepDeps, name: string, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    log.warn({ err: error, half: name }, 'half of a sweep failed');
    return 0;
  }
}
