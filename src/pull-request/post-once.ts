/**
 * At-least-once calls made effectively once: an intent row precedes the call; after a crash the recovery looks for what
 * was made and takes the oldest, and calls again only when GitHub's listing has had time to show it.
 */
import { appendAudit } from '../audit/append.ts';
import type { Lease } from '../controller/ports.ts';
import type { Clock } from '../shared/clock.ts';
import { GloveboxError } from '../shared/errors.ts';
import type { Db } from '../task/open-database.ts';

/** GitHub's lists may lag behind its writes for some seconds; only then is "not there" believed. */
const LISTING_LAG_MS = 10_000;

/** One content-creating call. `find` gives the oldest one that was made since `since`, `create` makes it. */
export interface Step {
  readonly taskId: string;
  readonly surface: string;
  readonly key: string;
  find(since: Date): Promise<string | null>;
  create(): Promise<string>;
}

/** Makes the call unless it was made. Errors: the calls' own, `lease-lost`, `recovery-too-early` (retry). */
export async function postOnce(deps: { db: Db; clock: Clock }, lease: Lease, step: Step): Promise<string> {
  const intent = await openIntent(deps.db, lease, step);
  if (intent.externalId !== null) return intent.externalId;
  const found = intent.fresh ? null : await recover(deps.clock, step, intent.createdAt);
  if (found === null) await lease.check();
  const externalId = found ?? (await step.create());
  await deps.db.transaction().execute(async (trx) => {
    await trx
      .updateTable('intent')
      .set({ external_id: externalId, done_at: new Date(deps.clock.now()) })
      .where('task_id', '=', step.taskId)
      .where('surface', '=', step.surface)
      .where('key', '=', step.key)
      .execute();
    await appendAudit(trx, step.taskId, {
      type: 'publish.done',
      data: { surface: step.surface, id: externalId },
    });
  });
  return externalId;
}

async function openIntent(
  db: Db,
  lease: Lease,
  step: Step,
): Promise<{ fresh: boolean; externalId: string | null; createdAt: Date }> {
  const inserted = await db
    .insertInto('intent')
    .values({ task_id: step.taskId, surface: step.surface, key: step.key, epoch: lease.epoch })
    .onConflict((conflict) => conflict.columns(['task_id', 'surface', 'key']).doNothing())
    .returning('created_at')
    .executeTakeFirst();
  if (inserted) return { fresh: true, externalId: null, createdAt: inserted.created_at };
  const row = await db
    .selectFrom('intent')
    .select(['external_id', 'created_at'])
    .where('task_id', '=', step.taskId)
    .where('surface', '=', step.surface)
    .where('key', '=', step.key)
    .executeTakeFirstOrThrow();
  return { fresh: false, externalId: row.external_id, createdAt: row.created_at };
}

async function recover(clock: Clock, step: Step, createdAt: Date): Promise<string | null> {
  const found = await step.find(createdAt);
  if (found !== null) return found;
  if (clock.now() - createdAt.getTime() >= LISTING_LAG_MS) return null;
  throw new GloveboxError({
    code: 'recovery-too-early',
    message: `Surface '${step.surface}' of task ${step.taskId} may have been posted before a restart; GitHub's listing is asked again after 10 s.`,
    retry: true,
  });
}
