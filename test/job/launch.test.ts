import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobSpec } from '../../src/job/job-spec.ts';
import { launchJob } from '../../src/job/launch.ts';
import type { PhaseTokens } from '../../src/job/sandbox.ts';
import { systemRandom } from '../../src/shared/ids.ts';
import { createSecretBox } from '../../src/shared/secret-box.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { jobNamespace } from '../../src/task/store/job-namespace.ts';
import { loadTask } from '../../src/task/store/load-task.ts';
import { buildAttemptConfig } from '../builders/attempt-config.ts';
import { POD } from '../builders/pod-job.ts';
import { insertWorkingTask } from '../builders/running-job.ts';
import { buildPin, insertRound } from '../builders/task-row.ts';
import { FakeSandbox } from '../fakes/fake-sandbox.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

const { template } = buildAttemptConfig();
const ON_CLUSTER = {
  ...template,
  isolation: 'pod' as const,
  image: 'node:24',
  pod: { ...POD, tolerations: [] },
};

describe.each(storeKinds)('launching a job on %s', (kind) => {
  let store: OpenStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());

  /** Launches a work job of a new task; answers with its name, the tokens it was given and the hashes in the record. */
  async function launched(config: Partial<ReturnType<typeof buildAttemptConfig>>) {
    const pin = buildPin({ config: buildAttemptConfig(config) });
    const id = await insertWorkingTask(store.db, { attempt: 1, round: 1, pin: JSON.stringify(pin) });
    await insertRound(store.db, id);
    const task = await loadTask(store.db, id);
    const spec = jobSpec({ task, pin, kind: 'work', number: 1, workLeftMs: 0 });
    const sandbox = new FakeSandbox();
    let given: PhaseTokens = {};
    sandbox.onLaunch = (_spec, tokens) => {
      given = tokens;
    };
    const deps = {
      db: store.db,
      sandbox,
      secretBox: createSecretBox(systemRandom(32), systemRandom),
      mint: async () => 'ghs_0123456789',
      checkLease: async () => {},
      takePlace: async () => {},
    };
    await launchJob(deps, { spec, number: 1, task });
    const hashes = await store.db
      .selectFrom('phase_token')
      .select('phase')
      .where('job_name', '=', spec.name)
      .execute();
    await sandbox.remove(spec.name);
    return { spec, given, phases: hashes.map(({ phase }) => phase).toSorted() };
  }

  it('issues a token for each phase that talks, and keeps its hash, on one machine', async () => {
    const { given, phases } = await launched({});
    expect(Object.keys(given).toSorted()).toEqual(['fetch', 'work']);
    expect(phases).toEqual(['fetch', 'work']);
  });

  it('issues none for a pod: Kubernetes projects its own, and the record has none to be stolen or forged', async () => {
    const { spec, given, phases } = await launched({ template: ON_CLUSTER });
    expect([given, phases]).toEqual([{}, []]);
    expect(spec).toMatchObject({ isolation: 'pod', image: 'node:24', pod: POD });
    expect(await jobNamespace(store.db, spec.name)).toBe('glovebox-sandbox');
  });

  it('knows no namespace of a job on one machine, nor of an unknown one', async () => {
    const { spec } = await launched({});
    expect(await jobNamespace(store.db, spec.name)).toBeNull();
    expect(await jobNamespace(store.db, 'gb-7k2m9q-work-0000000000')).toBeNull();
  });
});
