/**
 * One controller over so many live tasks on PostgreSQL and a fake cluster of that size, measured for a minute in a process
 * of its own. Arguments: the database's URL, the number of live tasks.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { startController } from '../src/controller/loop.ts';
import { systemRandom } from '../src/shared/ids.ts';
import { createLog } from '../src/shared/log.ts';
import { createSecretBox } from '../src/shared/secret-box.ts';
import { openDatabase } from '../src/task/open-database.ts';
import { listenForWakes } from '../src/task/store/listen-wakes.ts';
import { FakeJudge, FakePublisher, FakeRepoTokens, FakeStatus } from '../test/fakes/fake-ports.ts';
import { FakeCluster } from './fake-cluster.ts';
import { INSTALLATIONS, pinOf, seedLiveTasks } from './live-tasks.ts';
import { TaskTraffic } from './task-traffic.ts';
import { openWatchedDatabase } from './watched-database.ts';

const WARM_UP_MS = 15_000;
/** Longer than a resync's period. */
const MEASURED_MS = 65_000;
/** Waiting behind the live ones. */
const QUEUED_SHARE = 0.2;

const [url = '', live = '1000'] = process.argv.slice(2);
const counts = { live: Number(live), queued: Math.ceil(Number(live) * QUEUED_SHARE) };
const log = createLog('error');
const store = await openDatabase({ kind: 'postgres', url, maxConnections: 40 });
const cluster = new FakeCluster();
const seeded = await seedLiveTasks(store.db, cluster, counts);

const dueAt = new Map<string, number>();
const claimedAt = new Map<string, number>();
let latenciesMs: number[] = [];
let passes = 0;
const watched = openWatchedDatabase(url, {
  claimed: (taskId) => claimedAt.set(taskId, performance.now()),
  released: (taskId) => {
    passes += 1;
    const due = dueAt.get(taskId);
    if (due === undefined || (claimedAt.get(taskId) ?? 0) < due) return;
    latenciesMs.push(performance.now() - due);
    dueAt.delete(taskId);
  },
});
const traffic = new TaskTraffic({
  db: store.db,
  cluster,
  live: seeded,
  seeded: counts.live + counts.queued,
  due: (taskId) => {
    if (!dueAt.has(taskId)) dueAt.set(taskId, performance.now());
  },
});
let pinned = 0;
const controller = startController({
  db: watched.db,
  sandbox: cluster,
  pinner: { pin: async () => ({ pin: pinOf(pinned++) }) },
  tokens: new FakeRepoTokens(),
  judge: new FakeJudge(),
  publisher: new FakePublisher(),
  status: new FakeStatus(),
  secretBox: createSecretBox(randomBytes(32), systemRandom),
  random: systemRandom,
  log,
  settings: {
    holder: 'bench',
    leaseMs: 30_000,
    caps: { repository: counts.live, installation: Math.ceil(counts.live / INSTALLATIONS), all: counts.live },
    pods: () => counts.live,
    parallel: 32,
    pollMs: 1_000,
    retryMs: 1_000,
    resyncMs: 60_000,
  },
});
const wakes = await listenForWakes(url, () => controller.wake(), log);
traffic.start();
await sleep(WARM_UP_MS);
watched.reset();
latenciesMs = [];
passes = 0;
const before = { api: cluster.apiCalls, cpu: process.cpuUsage(), at: performance.now() };
let peakBytes = 0;
const sampler = setInterval(() => {
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
}, 500);
await sleep(MEASURED_MS);
clearInterval(sampler);
const seconds = (performance.now() - before.at) / 1_000;
const cpu = process.cpuUsage(before.cpu);
const overdue = [...dueAt.values()].map((due) => performance.now() - due);
const sorted = [...latenciesMs, ...overdue.filter((ms) => ms > 1_000)].toSorted((a, b) => a - b);
process.send?.({
  live: counts.live,
  liveAtEnd: traffic.live,
  pods: cluster.size,
  events: sorted.length,
  p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
  p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
  maxMs: sorted.at(-1) ?? 0,
  passesPerSecond: passes / seconds,
  sqlPerSecond: watched.statements() / seconds,
  apiPerSecond: (cluster.apiCalls - before.api) / seconds,
  rssBytes: peakBytes,
  cpu: (cpu.user + cpu.system) / 1e6 / seconds,
  heaviest: watched
    .heaviest()
    .map(({ text, count, ms }) => ({ text: text.slice(0, 160), count, ms: Math.round(ms) })),
});
await traffic.stop();
await wakes.close();
await controller.stop();
await watched.db.destroy();
await store.close();
process.disconnect();
