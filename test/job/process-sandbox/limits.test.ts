import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openCgroups } from '../../../src/job/process-sandbox/limits/cgroup.ts';
import { measureDiskUse } from '../../../src/job/process-sandbox/limits/disk-use.ts';
import { findPidNamespace } from '../../../src/job/process-sandbox/plain/pid-namespace.ts';
import type { JobSpec } from '../../../src/job/sandbox.ts';
import {
  attack,
  isolations,
  jobSpec,
  openTestSandbox,
  processesWith,
  type TestSandbox,
} from '../../fixtures/process-sandbox.ts';

const MB = 1024 * 1024;
const cgroups = openCgroups('limits-test');
cgroups?.removeLife('limits-test');
const hasCgroups = cgroups !== null;

/** Whether this machine can count the processes of a tree: always in bubblewrap. */
function isLimited(isolation: 'bubblewrap' | 'none'): boolean {
  const hasOwnUsers = findPidNamespace()?.includes('--user') === true && process.getuid?.() !== 0;
  return isolation === 'bubblewrap' || hasCgroups || hasOwnUsers;
}

let test: TestSandbox;
beforeAll(async () => {
  test = await openTestSandbox();
});
afterAll(() => test.close());

function limited(limits: Partial<JobSpec['limits']>): Partial<JobSpec> {
  const { limits: usual } = jobSpec('none', {});
  return { limits: { ...usual, ...limits } };
}

/** What fills a folder: with bytes, in one file, and with files. */
const FILL_DISK = 'for i in 1 2 3 4 5 6 7 8; do head -c 20M /dev/zero > fill$i; sleep 0.1; done';
const FILL_FILE = 'head -c 80M /dev/zero > fill; stat -c %s fill';
const FILL_INODES = 'for i in $(seq 20); do mkdir $i; (cd $i && seq 1000 | xargs touch); done';
const flood = (bytes: string): string => `head -c ${bytes} /dev/zero`;

/** Allocates and touches memory in several processes, so that no single one is over. */
const HOG = `
  import { spawn } from 'node:child_process';
  const grow = 'const kept = []; setInterval(() => kept.push(Buffer.alloc(20 * 1024 * 1024, 1)), 20)';
  export default async () => {
    const hogs = [1, 2, 3].map(() => spawn(process.execPath, ['-e', grow], { stdio: 'ignore' }));
    await Promise.all(hogs.map((hog) => new Promise((resolve) => hog.once('exit', resolve))));
    await new Promise(() => setInterval(() => undefined, 1000));
  };`;

describe.each(isolations)('limits with isolation %s', { timeout: 90_000 }, (isolation) => {
  it('wall clock: ends the phase and says time', async () => {
    const { job } = await attack(
      test,
      isolation,
      { hang: true, ignoreTerm: true },
      limited({ wallClockMs: 1_000 }),
    );
    expect(job.phases[0]?.reason).toBe('time');
  });

  it('memory: ends the tree and says memory', async () => {
    const { job } = await attack(test, isolation, { module: HOG }, limited({ memoryBytes: 400 * MB }));
    expect(job.phases[0]?.reason).toBe('memory');
  });

  it('memory is not said of a process that only looks like it (exit 137, kill -9)', async () => {
    const looks = await attack(test, isolation, { exit: 137 });
    const killed = await attack(test, isolation, { shell: 'kill -9 $PPID' });
    expect([looks.job, killed.job].map((job) => job.phases[0]?.reason)).toEqual(['error', 'error']);
  });

  it('disk: ends the phase that fills its volume and says disk', async () => {
    const shell = `${FILL_DISK}; sleep 600`;
    const { job } = await attack(test, isolation, { shell }, limited({ diskBytes: 60 * MB }));
    expect(job.phases[0]?.reason).toBe('disk');
  });

  it('one file: cannot grow beyond the disk limit even between two looks', async () => {
    const { stdout } = await attack(test, isolation, { shell: FILL_FILE }, limited({ diskBytes: 20 * MB }));
    expect(Number(stdout || 20 * MB)).toBeLessThanOrEqual(20 * MB);
  });

  it('disk: what lies in a folder that its owner closed counts too', async () => {
    const shell =
      'mkdir closed; for i in 1 2 3 4 5; do head -c 60M /dev/zero > closed/fill$i; done; chmod 0 closed; sleep 600';
    const { job } = await attack(test, isolation, { shell }, limited({ diskBytes: 200 * MB }));
    expect(job.phases[0]?.reason).toBe('disk');
  });

  it('files: ends the phase that makes too many and says disk', async () => {
    const shell = `${FILL_INODES}; sleep 600`;
    const { job } = await attack(test, isolation, { shell }, limited({ files: 5_000 }));
    expect(job.phases[0]?.reason).toBe('disk');
  });

  it('output: 2 GB are drained, counted and dropped', async () => {
    const module = `
      import { spawn } from 'node:child_process';
      export default () => new Promise((resolve) => spawn('/bin/sh', ['-c', '${flood('2G')}'],
        { stdio: ['ignore', 'inherit', 'inherit'] }).once('exit', resolve));`;
    const before = process.memoryUsage().rss;
    const { job, value } = await attack(test, isolation, { module });
    expect(value).toBe(0);
    expect(job.phases[0]?.reason).toBe('completed');
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * MB);
    const log = logOf(test, job.name);
    expect(statSync(log).size).toBeLessThan(1.1 * MB);
    expect(readFileSync(log, 'latin1')).toContain('(1048576 of 2147483648 bytes)');
  });

  it('what cannot be limited here is listed, for the check run and for the runner', async () => {
    const { job, seen } = await attack(test, isolation, {});
    expect(seen[0]?.['layout']).toMatchObject({ notLimited: job.notLimited });
    expect(job.notLimited).toEqual(isLimited(isolation) ? [] : ['processes']);
  });
});

describe('the same commands as plain processes (counter-tests)', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'glovebox-plain-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const plain = (shell: string): string =>
    spawnSync('/bin/sh', ['-c', shell], { cwd: folder, encoding: 'utf8' }).stdout;
  const use = () => measureDiskUse(folder, AbortSignal.timeout(30_000));

  it('fill the disk over the limit and go on', async () => {
    expect(plain(`${FILL_DISK}; echo on`)).toBe('on\n');
    expect((await use())?.bytes).toBeGreaterThan(2 * 60 * MB);
  });

  it('make one file as large as they like', () => {
    expect(Number(plain(FILL_FILE))).toBe(80 * MB);
  });

  it('make more files than the limit', async () => {
    plain(FILL_INODES);
    expect((await use())?.files).toBeGreaterThan(20_000);
  });

  it('fill a log that a shell keeps with all that they say', () => {
    plain(`{ ${flood('20M')}; } > log 2>&1`);
    expect(statSync(join(folder, 'log')).size).toBe(20 * MB);
  });
});

describe.each(isolations.filter(isLimited))('a fork bomb in %s', (isolation) => {
  it('is held at the limit, and all of it ends with its phase', async () => {
    const marker = `glovebox-bomb-${isolation}-${process.pid}`;
    const shell = `bomb() { sh -c 'sleep 600; : ${marker}' & bomb & bomb; }; bomb 2>/dev/null; sleep 600`;
    const most = { count: 0 };
    const timer = setInterval(() => {
      most.count = Math.max(most.count, processesWith(marker).length);
    }, 50);
    const { job } = await attack(test, isolation, { shell }, limited({ processes: 60, wallClockMs: 5_000 }));
    clearInterval(timer);
    expect(job.phases[0]?.reason).toBe('time');
    expect(most.count).toBeGreaterThan(5);
    expect(most.count).toBeLessThanOrEqual(60);
    expect(processesWith(marker)).toEqual([]);
  });
});

function logOf(one: TestSandbox, name: string): string {
  const lives = join(one.options.folder, 'lives');
  return join(lives, readdirSync(lives)[0] ?? '', 'jobs', name, 'logs', 'work.log');
}
