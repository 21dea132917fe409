/** What admission leaves in the audit: a refused task is an ended one, and its chain's head is kept outside like any other. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyChain } from '../../src/audit/verify-chain.ts';
import { systemRandom } from '../../src/shared/ids.ts';
import { admitTask, type TaskRequest } from '../../src/task/admit.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

describe.each(storeKinds)('an admission on %s', (kind) => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  async function admit(request: Pick<TaskRequest, 'issueNumber' | 'refused'>): Promise<string> {
    const admission = await admitTask(
      { db: store.db, random: systemRandom, rateLimits: { user: 5, repository: 20 } },
      {
        repo: { installationId: 11, repositoryId: 2, owner: 'octo-org', repo: 'clock', private: false },
        requester: { id: 9, login: 'octocat', permission: 'read', roleName: 'triage', via: 'label' },
        snapshot: null,
        deliveryId: null,
        askedAt: new Date(),
        ...request,
      },
    );
    return admission.taskId ?? '';
  }
  const linksOf = (taskId: string) =>
    store.db.selectFrom('installation_audit').select('head').where('task_id', '=', taskId).execute();

  it('that refuses leaves one link in the chain of the installation, to the last event', async () => {
    const values = { login: 'octocat', permission: 'triage' };
    const id = await admit({ issueNumber: 42, refused: { code: 'no-permission', values, detail: null } });
    const chain = await verifyChain(store.db, id);
    expect(chain).toMatchObject({ events: 2, intact: true });
    expect(await linksOf(id)).toEqual([{ head: chain.head }]);
  });

  it('that accepts leaves none: the task has not ended', async () => {
    const id = await admit({ issueNumber: 43, refused: null });
    expect(await verifyChain(store.db, id)).toMatchObject({ events: 1, intact: true });
    expect(await linksOf(id)).toEqual([]);
  });
});
