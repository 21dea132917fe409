import { spawn } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { waitFor } from '../../../src/runner/exchange-file.ts';
import {
  condemned,
  endEverything,
  type Ours,
  ownsNamespace,
  wholeGroups,
} from '../../../src/runner/process/end-everything.ts';
import { liveProcesses, type ProcessRow } from '../../../src/runner/process/process-table.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { type RunnerSandbox, runnerSandbox } from '../../fixtures/runner-sandbox.ts';

const row = (pid: number, ppid: number, name = 'x', session = pid): ProcessRow => ({
  pid,
  ppid,
  name,
  group: session,
  session,
  state: 'S',
  cwd: null,
  environ: '',
});
const NOBODY: Ours = { mark: 'GLOVEBOX_TEST=none', sessions: [], folders: [] };
const pids = (rows: readonly ProcessRow[]) => rows.map((one) => one.pid);

describe('whose namespace it is', () => {
  test.each([
    ['the first process of a container', [row(1, 0, 'node')], 1, true],
    ["bubblewrap's child", [row(1, 0, 'bwrap'), row(2, 1, 'node')], 2, true],
    ['a process of a machine', [row(1, 0, 'systemd'), row(4_000_001, 1, 'node')], 4_000_001, false],
    ['a grandchild in bubblewrap', [row(1, 0, 'bwrap'), row(2, 1, 'sh'), row(3, 2, 'node')], 3, false],
  ] as const)('%s', (_name, rows, self, expected) => {
    expect(ownsNamespace(rows, self)).toBe(expected);
  });
});

describe('who is condemned', () => {
  test('in a namespace of our own: everybody but its first process and us', () => {
    const rows = [row(1, 0, 'bwrap'), row(2, 1, 'node'), row(3, 2), row(9, 1)];
    expect(pids(condemned(rows, NOBODY, 2))).toEqual([3, 9]);
  });

  const machine = [
    row(1, 0, 'init'),
    row(5_000_001, 1, 'adapter'),
    row(5_000_002, 5_000_001, 'node'),
    row(5_000_003, 5_000_002),
    row(5_000_004, 5_000_003),
    row(5_000_005, 1, 'daemon', 5_000_003),
    row(5_000_006, 1, 'stranger'),
  ];

  test('elsewhere: descendants, and who is in a session that we started', () => {
    expect(pids(condemned(machine, { ...NOBODY, sessions: [5_000_003] }, 5_000_002))).toEqual([
      5_000_003, 5_000_004, 5_000_005,
    ]);
  });

  test('elsewhere: never those above us, nor strangers', () => {
    const all = pids(condemned(machine, NOBODY, 5_000_002));
    expect(all).not.toContain(5_000_001);
    expect(all).not.toContain(5_000_006);
  });
});

describe('which groups are ended at once', () => {
  test('those of which everybody is to go, never one that is shared with who stays', () => {
    const stays = row(10, 1, 'node', 10);
    const doomed = [row(11, 10, 'sh', 10), row(12, 10, 'sh', 12), row(13, 12, 'sleep', 12)];
    expect([...wholeGroups([stays, ...doomed], doomed)]).toEqual([12]);
  });
});

describe('ending', () => {
  let box: RunnerSandbox;
  beforeEach(() => {
    box = runnerSandbox();
  });
  afterEach(() => box.remove());

  /** Starts a shell that leaves survivors and ends; resolves with its session. */
  function leave(script: string, env: Record<string, string> = {}): Promise<number> {
    const child = spawn('/bin/sh', ['-c', script], {
      cwd: box.path('scratch'),
      detached: true,
      stdio: 'ignore',
      env: { PATH: process.env['PATH'], ...env },
    });
    return new Promise((resolve) => child.once('exit', () => resolve(child.pid ?? 0)));
  }
  const marked = (mark: string) => pids(condemned(liveProcesses(), { mark, sessions: [], folders: [] }));

  test.each([
    ['one that ignores SIGTERM', 'trap "" TERM HUP; sleep 1000 &'],
    ['a session of its own', 'setsid sleep 1000 &'],
    ['a daemon that forked twice', '(setsid sh -c "sleep 1000 &" &)'],
    [
      'a forker that hops from process to process',
      'cat > hop <<X\nsh ./hop & sleep 0.01\nX\nsetsid sh ./hop &',
    ],
  ])('%s', async (_name, script) => {
    const mark = `GLOVEBOX_TEST=${Math.random()}`;
    const session = await leave(script, { GLOVEBOX_TEST: mark.slice('GLOVEBOX_TEST='.length) });
    await waitFor(systemClock, AbortSignal.timeout(10_000), () => (marked(mark).length > 0 ? true : null));
    expect(
      await endEverything(systemClock, { mark, sessions: [session], folders: [box.path('scratch')] }),
    ).toEqual([]);
    expect(marked(mark)).toEqual([]);
  });

  test('who shed its environment is found by where it stands', async () => {
    const ours = { ...NOBODY, folders: [box.path('scratch')] };
    const standing = () => pids(condemned(liveProcesses(), ours));
    await leave('setsid env -i /bin/sleep 31414 &');
    await waitFor(systemClock, AbortSignal.timeout(10_000), () => (standing().length > 0 ? true : null));
    expect(await endEverything(systemClock, ours)).toEqual([]);
    expect(standing()).toEqual([]);
  });
});
