import { describe, expect, it } from 'vitest';
import { createLocalIdentity } from '../../src/gateway/local-identity.ts';
import { systemRandom } from '../../src/shared/ids.ts';
import { issueToken } from '../../src/shared/token.ts';
import { insertRunningRound } from '../builders/running-job.ts';
import { type IdentityBench, identityContract } from '../contracts/identity-contract.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

async function openBench(kind: 'pglite' | 'postgres'): Promise<IdentityBench> {
  const store = await openTestStore(kind);
  let isOpen = true;
  const end = async (): Promise<void> => {
    if (isOpen) await store.close();
    isOpen = false;
  };
  return {
    db: store.db,
    identity: createLocalIdentity({ db: store.db }),
    async openRound() {
      const { taskId, work, verify } = await insertRunningRound(store.db);
      return { taskId, work: { ...work, podUid: null }, verify: { ...verify, podUid: null } };
    },
    foreignTokens: async () => [
      { what: 'nobody was given it', token: issueToken(systemRandom), reason: null },
      { what: 'nor this one', token: issueToken(systemRandom), reason: null },
    ],
    secondSandbox: async () => null,
    breakBackend: end,
    close: end,
  };
}

describe.each(storeKinds)('local identity on %s', (kind) => {
  identityContract(() => openBench(kind));
});

describe('local identity', () => {
  it('keeps no token in the record, only hashes', async () => {
    const store = await openTestStore('pglite');
    try {
      const { work } = await insertRunningRound(store.db);
      const rows = await store.db.selectFrom('phase_token').selectAll().execute();
      expect(JSON.stringify(rows)).not.toContain(work.tokens.work);
      expect(rows.map((row) => row.hash)).toEqual(rows.map(() => expect.stringMatching(/^[0-9a-f]{64}$/)));
    } finally {
      await store.close();
    }
  });
});
