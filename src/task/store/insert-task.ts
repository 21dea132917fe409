/** Inserts a task's row: open, or ended as refused with its reason. The unique key on open tasks decides races. */
import { sql } from 'kysely';
import { canonicalJson, digestOf } from '../../shared/digest.ts';
import type { Db } from '../open-database.ts';
import type { Reason, RepoRef, Requester, Snapshot } from '../task.ts';

/** A task as it is asked for. */
export interface NewTask {
  readonly id: string;
  readonly repo: RepoRef;
  readonly issueNumber: number;
  readonly requester: Requester;
  readonly snapshot: Snapshot | null;
  readonly deliveryId: string | null;
  /** Null: accepted. */
  readonly refused: Reason | null;
}

/** False when the issue has an open task, the delivery made a task before, or the id is taken. */
export async function insertTask(trx: Db, task: NewTask): Promise<boolean> {
  const { repo, snapshot, refused } = task;
  const state =
    refused === null
      ? { state: 'accepted' }
      : { state: 'ended', outcome: 'refused', reason: JSON.stringify(refused), ended_at: sql<Date>`now()` };
  const inserted = await trx
    .insertInto('task')
    .values({
      id: task.id,
      installation_id: BigInt(repo.installationId),
      repository_id: BigInt(repo.repositoryId),
      owner: repo.owner,
      repo: repo.repo,
      private: repo.private,
      issue_number: task.issueNumber,
      delivery_id: task.deliveryId,
      requester: JSON.stringify(task.requester),
      snapshot: snapshot === null ? null : JSON.stringify(snapshot),
      snapshot_digest: snapshot === null ? null : digestOf(canonicalJson(snapshot)),
      wake_at: refused === null ? sql<Date>`now()` : null,
      ...state,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  return inserted !== undefined;
}
