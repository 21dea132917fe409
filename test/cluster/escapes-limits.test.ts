/**
 * Filling what the node shares: disk, memory, processes, the log; and staying alive after the deadline. In a real pod each
 * ends by its own limit, in time, and says so; without the control the same goes on.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BaseResults } from '../../src/result/contract/cell.ts';
import { RUNNER_EXIT } from '../../src/result/contract/layout.ts';
import { clusterHere } from '../fixtures/cluster.ts';
import { endOf, openRound, type RoundScript, readReport, readResults } from '../fixtures/cluster-round.ts';
import { type ClusterWorld, openClusterWorld } from '../fixtures/cluster-world.ts';
import { mainContainer, runPlainPod } from '../fixtures/plain-pod.ts';
import { checkSpec } from '../fixtures/runner-sandbox.ts';

const MINUTES = 60_000;
const MB = 2 ** 20;
const DISK = 64 * MB;
const FILL = 'dd if=/dev/zero bs=1M count=200 2>/dev/null';
const STAY = 'sleep 100';

/** At most 4,096 processes. */
const DOUBLING = `cat > double.sh <<'END'
trap '' TERM
[ "$1" -gt 11 ] && exec sleep 100
sh double.sh $(($1 + 1)) & sh double.sh $(($1 + 1)) & wait
END
sh double.sh 0`;

const THREADS = `node -e "const { Worker } = require('worker_threads');
for (let i = 0; i < 300; i++) new Worker('setTimeout(() => {}, 1e5)', { eval: true, resourceLimits: { maxOldGenerationSizeMb: 4 } })"`;

/** 800 MB, where a sandbox has 512. */
const EAT = `node -e "const a = []; for (let i = 0; i < 80; i++) a.push(Buffer.alloc(1e7, 1)); console.log('ate', a.length)"`;

describe.runIf(clusterHere)('filling what a node shares', { timeout: 3 * MINUTES }, () => {
  let world: ClusterWorld;
  beforeAll(async () => {
    world = await openClusterWorld();
  }, 3 * MINUTES);
  afterAll(() => world?.close(), 3 * MINUTES);

  async function work(agent: string, limits: RoundScript['limits']) {
    const round = await openRound(world, {
      agent: ['echo kept > kept.txt', agent],
      limits: { diskBytes: DISK, ...limits },
    });
    await round.launch('work');
    const pod = await round.ended('work');
    const { failure } = await readReport(world.db, round.work);
    return { exit: endOf(pod, 'work')?.exitCode, failure, upload: await uploadOf(round.taskId) };
  }

  /** The digest of what would go on to the checks. */
  async function uploadOf(taskId: string): Promise<{ last: boolean; sealed: boolean }> {
    const row = await world.db
      .selectFrom('round')
      .select(['last_upload_digest as last', 'sealed_digest as sealed'])
      .where('task_id', '=', taskId)
      .executeTakeFirstOrThrow();
    return { last: row.last !== null, sealed: row.sealed !== null };
  }

  it.concurrent.each([
    ['the workspace', `${FILL} > big; ${STAY}`],
    ['HOME', `${FILL} > "$HOME/big"; ${STAY}`],
    ['/tmp', `${FILL} > /tmp/big; ${STAY}`],
    ['a folder that nobody may look into', `mkdir closed; ${FILL} > closed/big; chmod 0 closed; ${STAY}`],
    ['a file that is deleted while it is open', `exec 9> gone; rm gone; ${FILL} >&9; ${STAY}`],
    ["the kubelet's message file, which no quota counts", `${FILL} > /dev/termination-log; ${STAY}`],
  ])('the disk, in %s: ended as that, the last upload kept and not sealed', async (_where, agent) => {
    expect(await work(agent, {})).toEqual({
      exit: RUNNER_EXIT.disk,
      failure: expect.objectContaining({ code: 'limit', message: expect.stringMatching(/bytes/) }),
      upload: { last: true, sealed: false },
    });
  });

  it.concurrent('the disk with small files', async () => {
    const many = `node -e "for (let i = 0; i < 9000; i++) require('fs').writeFileSync('f' + i, '')"; ${STAY}`;
    expect(await work(many, { files: 3_000 })).toMatchObject({
      exit: RUNNER_EXIT.disk,
      failure: { message: expect.stringContaining('3000 files') },
    });
  });

  it.concurrent('counter-test: a volume over its limit, that only the kubelet counts, lives on for long', async () => {
    const main = mainContainer(world.images.template, `cd /data; ${FILL} > big; du -sm big`, {
      volumeMounts: [{ name: 'data', mountPath: '/data' }],
    });
    const volumes = [{ name: 'data', emptyDir: { sizeLimit: String(DISK) } }];
    const { log, reason } = await runPlainPod(world.plain, { containers: [main], volumes });
    expect([Number.parseInt(log, 10), reason]).toEqual([200, 'Completed']);
  });

  it.concurrent.each([
    ['many that wait', 150, 'for i in $(seq 400); do sleep 100 & done; wait'],
    ['a tree that doubles, whose processes ignore SIGTERM', 150, DOUBLING],
    ['threads', 60, THREADS],
  ])('processes, %s: ended as that', async (_what, processes, agent) => {
    expect(await work(agent, { processes })).toMatchObject({
      exit: RUNNER_EXIT.processes,
      failure: { code: 'limit', message: expect.stringContaining('processes') },
      upload: { last: true, sealed: false },
    });
  });

  it.concurrent('counter-test: nothing else bounds processes in a pod', async () => {
    const count = 'for i in $(seq 400); do sleep 15 & done; ls -d /proc/[0-9]* | wc -l';
    const { log } = await runPlainPod(world.plain, {
      containers: [mainContainer(world.images.template, count)],
    });
    expect(Number(log)).toBeGreaterThan(400);
  });

  it.concurrent('memory: the command is killed, the agent is told and goes on to its seal', async () => {
    const round = await openRound(world, { agent: [EAT, 'echo alive'] });
    await round.run('work');
    expect(round.agent.answers[0]).toContain('killed, most often since the memory of this sandbox was full');
    expect(round.agent.answers[1]).toContain('alive');
    expect(await uploadOf(round.taskId)).toEqual({ last: true, sealed: true });
  });

  it.concurrent('memory: a check is killed by that name, and the next one runs', async () => {
    const checks = [checkSpec({ name: 'eat', run: EAT }), checkSpec({ name: 'after', run: 'true' })];
    const round = await openRound(world, { agent: ['true'], checks });
    await round.run('work');
    await round.launch('verify');
    await round.ended('verify');
    const { cells } = BaseResults.parse((await readResults(world.db, round.verify)).base);
    expect(cells.map(({ check, outcome, limit }) => [check, outcome, limit])).toEqual([
      ['eat', 'killed', 'memory'],
      ['after', 'passed', null],
    ]);
  });

  it.concurrent('counter-test: without the limit the same has all it wants', async () => {
    const { log } = await runPlainPod(world.plain, {
      containers: [mainContainer(world.images.template, EAT)],
    });
    expect(log).toContain('ate');
  });

  it.concurrent('the deadline: whoever ignores SIGTERM is gone with the rest, what was there is uploaded, not sealed', async () => {
    const stubborn = `trap '' TERM; (trap '' TERM; while :; do sleep 1; done) & while :; do sleep 1; done`;
    const round = await openRound(world, { agent: ['echo kept > kept.txt', stubborn], deadlineMs: 15_000 });
    await round.launch('work');
    const pod = await round.ended('work');
    expect(pod.status.reason).toBe('DeadlineExceeded');
    expect(endOf(pod, 'work')?.exitCode).toBe(RUNNER_EXIT.stopped);
    expect(await uploadOf(round.taskId)).toEqual({ last: true, sealed: false });
  });

  it.concurrent('counter-test: without a deadline it lives on', async () => {
    const main = mainContainer(world.images.template, 'sleep 100');
    expect((await runPlainPod(world.plain, { containers: [main] }, 20_000)).reason).toBeNull();
  });
});
