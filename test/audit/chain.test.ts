import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { appendAudit } from '../../src/audit/append.ts';
import { fileSink } from '../../src/audit/file-sink.ts';
import { appendInstallationHead, drainToSink } from '../../src/audit/installation-chain.ts';
import { verifyChain } from '../../src/audit/verify-chain.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { insertTask } from '../builders/task-row.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

const FOREIGN = 'gbx_a-token, or what an agent wrote';

/** Events that carry what the audit must not hold. */
const UNDECLARED: readonly [what: string, type: string, data: unknown][] = [
  ['a key too many', 'task.abort-asked', { login: 'octocat', token: FOREIGN }],
  ['more than a name in its place', 'task.abort-asked', { login: { name: FOREIGN } }],
  ['a type of its own', 'agent.said', { text: FOREIGN }],
];

describe.each(storeKinds)('the audit chain on %s', (kind) => {
  let store: OpenStore;
  let taskId: string;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    taskId = await insertTask(store.db);
    for (const login of ['octocat', 'hubot', 'monalisa']) await append(login);
  });
  const append = (login: string) =>
    store.db
      .transaction()
      .execute((trx) => appendAudit(trx, taskId, { type: 'task.abort-asked', data: { login } }));

  it('is intact as written', async () => {
    expect(await verifyChain(store.db, taskId)).toMatchObject({ events: 3, intact: true, brokenAt: null });
  });

  it('INC-23: shows a rewritten event', async () => {
    await sql`update audit_event set data = '{"login":"mallory"}' where task_id = ${taskId} and seq = 2`.execute(
      store.db,
    );
    expect(await verifyChain(store.db, taskId)).toMatchObject({ intact: false, brokenAt: 2 });
  });

  it('INC-23: shows a removed event', async () => {
    await sql`delete from audit_event where task_id = ${taskId} and seq = 2`.execute(store.db);
    expect(await verifyChain(store.db, taskId)).toMatchObject({ intact: false, brokenAt: 3 });
  });

  it('INC-23: shows a cut tail against the head that was kept outside, and counter-test: not without it', async () => {
    const { head } = await verifyChain(store.db, taskId);
    await sql`delete from audit_event where task_id = ${taskId} and seq = 3`.execute(store.db);
    expect((await verifyChain(store.db, taskId)).intact).toBe(true);
    expect(await verifyChain(store.db, taskId, head)).toMatchObject({ intact: false, brokenAt: 3 });
  });

  const auditText = async (): Promise<string> => {
    const rows = await store.db
      .selectFrom('audit_event')
      .select('data')
      .where('task_id', '=', taskId)
      .execute();
    return JSON.stringify(rows);
  };

  it.each(UNDECLARED)('refuses an event of a shape that nobody declared: %s', async (_what, type, data) => {
    const event = JSON.parse(JSON.stringify({ type, data }));
    await expect(
      store.db.transaction().execute((trx) => appendAudit(trx, taskId, event)),
    ).rejects.toMatchObject({ name: 'ZodError' });
    expect(await auditText()).not.toContain(FOREIGN);
  });

  it.each(UNDECLARED)('counter-test: the table itself takes it, %s', async (_what, type, data) => {
    const row = { task_id: taskId, seq: 4, at: new Date(), previous_hash: 'x', hash: 'y' };
    await store.db
      .insertInto('audit_event')
      .values({ ...row, type, data: JSON.stringify(data) })
      .execute();
    expect(await auditText()).toContain(FOREIGN);
  });

  const links = async (): Promise<readonly string[]> => {
    const rows = store.db.selectFrom('installation_audit').select('head').where('task_id', '=', taskId);
    return (await rows.orderBy('seq').execute()).map((row) => row.head);
  };
  const endTask = () =>
    store.db
      .updateTable('task')
      .set({ state: 'ended', outcome: 'verified', ended_at: new Date() })
      .where('id', '=', taskId)
      .execute();
  const cutLast = () =>
    sql`delete from audit_event where task_id = ${taskId} and seq = (
      select max(seq) from audit_event where task_id = ${taskId})`.execute(store.db);

  it("takes no head into the installation's chain while the task runs, and each one after its end", async () => {
    expect(await links()).toEqual([]);
    await endTask();
    await append('octocat');
    const first = (await verifyChain(store.db, taskId)).head;
    await append('hubot');
    expect(await links()).toEqual([first, (await verifyChain(store.db, taskId)).head]);
  });

  it("INC-23: shows a cut event that came after the end against the installation's chain", async () => {
    await endTask();
    await append('octocat');
    await append('came after the end');
    await cutLast();
    const heads = await links();
    expect((await verifyChain(store.db, taskId, heads.at(-1) ?? null)).intact).toBe(false);
  });

  it('INC-23: counter-test: with the head of the end alone, the same cut does not show', async () => {
    await endTask();
    await append('octocat');
    await append('came after the end');
    await cutLast();
    const heads = await links();
    expect((await verifyChain(store.db, taskId, heads[0] ?? null)).intact).toBe(true);
  });

  it('writes each installation head to the sink once, in order, and again only what failed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'glovebox-sink-'));
    const path = join(folder, 'audit.jsonl');
    await store.db.deleteFrom('installation_audit').execute();
    const add = () =>
      store.db
        .transaction()
        .execute((trx) => appendInstallationHead(trx, { id: taskId, installationId: 11 }));
    await add();
    await add();
    await expect(drainToSink(store.db, fileSink(join(folder, 'missing', 'audit.jsonl')))).rejects.toThrow();
    expect(await drainToSink(store.db, fileSink(path))).toBe(1);
    await append('hubot');
    await add();
    expect(await drainToSink(store.db, fileSink(path))).toBe(1);
    const links = (await readFile(path, 'utf8'))
      .trim()
      .split('\n')
      .map((line): { seq: number; hash: string; previousHash: string } => JSON.parse(line));
    expect(links.map((link) => link.seq)).toEqual([1, 2]);
    expect(links[1]?.previousHash).toBe(links[0]?.hash);
    await rm(folder, { recursive: true });
  });
});
