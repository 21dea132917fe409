/** Whoever reads the store while a task fetches, or a backup of it: what stands there opens nothing at GitHub. */
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { octokitRepoTokens } from '../../src/job/octokit-repo-tokens.ts';
import { systemRandom } from '../../src/shared/ids.ts';
import { createSecretBox, type SecretBox } from '../../src/shared/secret-box.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { requestAbort } from '../../src/task/store/request-abort.ts';
import { insertTask } from '../builders/task-row.ts';
import { ControllerWorld } from '../fixtures/controller-world.ts';
import { hostClients } from '../fixtures/host-clients.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';
import { ask } from '../github-host/app-client.ts';
import { type GithubHost, startGithubHost } from '../github-host/github-host.ts';

const SEALING = createSecretBox(systemRandom(32), systemRandom);
/** A store without the control: what is to be sealed stands there as it is. */
const PLAIN: SecretBox = {
  seal: (plain) => Buffer.from(plain),
  open: (box) => Buffer.from(box).toString('utf8'),
};

describe.each(storeKinds)('the store of a task that fetches, on %s', (kind) => {
  let store: OpenStore;
  let host: GithubHost;
  beforeAll(async () => {
    store = await openTestStore(kind);
    host = await startGithubHost({
      repositories: [{ name: 'clock', private: true, files: [{ path: 'a', content: 'private' }] }],
    });
  });
  afterAll(async () => {
    expect(host.violations).toEqual([]);
    await host.close();
    await store.close();
  });

  /** Runs a task until its sandbox fetches; `end` aborts it and waits until nothing of it is left. */
  async function fetching(secretBox: SecretBox): Promise<{ job: string; end(): Promise<void> }> {
    const world = new ControllerWorld(store.db);
    world.sandbox.onLaunch = () => {};
    const id = await insertTask(store.db, {
      installation_id: BigInt(host.app.installationId),
      repository_id: BigInt(host.repositoryId('clock')),
    });
    const clients = hostClients(host);
    world.start({}, { secretBox, tokens: octokitRepoTokens(clients) });
    const { jobs } = await world.until(id, (record) => record.jobs.some((job) => job.launchedAt !== null));
    const end = async (): Promise<void> => {
      await requestAbort(store.db, id, 'octocat');
      await world.ended(id);
      await world.close();
    };
    return { job: jobs[0]?.name ?? '', end };
  }

  /** Every row of every table, with its bytes as they are. */
  async function dump(): Promise<string> {
    const { rows: tables } = await sql<{ name: string }>`
      select tablename as name from pg_tables where schemaname = 'public'`.execute(store.db);
    const texts = [];
    for (const { name } of tables) {
      const { rows } = await sql<{ row: string }>`select t::text as row from ${sql.table(name)} t`.execute(
        store.db,
      );
      texts.push(...rows.map(({ row }) => row));
    }
    const bytes = texts.join('\n').match(/(?<=\\x)[0-9a-f]+/g) ?? [];
    return [...texts, ...bytes.map((hex) => Buffer.from(hex, 'hex').toString('latin1'))].join('\n');
  }

  const stolenTokens = async (): Promise<readonly string[]> => [
    ...new Set((await dump()).match(/ghs_[\w-]+/g)),
  ];
  const statusWith = async (token: string): Promise<number> =>
    (await ask(host, 'GET /repos/octo-org/clock', { token })).status;

  it('holds no token that anybody could use', async () => {
    const { end } = await fetching(SEALING);
    expect(await stolenTokens()).toEqual([]);
    await end();
  });

  it('counter-test: unsealed, the same look finds one that reads the private repository, until it is revoked', async () => {
    const { end } = await fetching(PLAIN);
    const [token = ''] = await stolenTokens();
    expect(await statusWith(token)).toBe(200);
    await end();
    expect(await statusWith(token)).toBe(401);
    expect(await stolenTokens()).toEqual([]);
  });

  /** A row's bytes put into another job's row, as one who writes into the store would; what that job's gateway then reads. */
  async function moved(secretBox: SecretBox): Promise<string> {
    const [one, other] = [await fetching(secretBox), await fetching(secretBox)];
    try {
      const theirs = store.db.selectFrom('job').select('git_token').where('name', '=', one.job);
      const bytes = (await theirs.executeTakeFirstOrThrow()).git_token ?? Buffer.alloc(0);
      return secretBox.open(bytes, other.job);
    } finally {
      await Promise.all([one.end(), other.end()]);
    }
  }

  it('lets no token be moved to another job', async () => {
    await expect(moved(SEALING)).rejects.toMatchObject({ code: 'secret-unreadable' });
  });

  it('counter-test: sealed without the name of its job, a moved one is read', async () => {
    const unbound: SecretBox = {
      seal: (plain) => SEALING.seal(plain, ''),
      open: (box) => SEALING.open(box, ''),
    };
    expect(await moved(unbound)).toMatch(/^ghs_/);
  });
});
