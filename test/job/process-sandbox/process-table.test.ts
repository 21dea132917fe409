import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  isGone,
  readProcess,
  readProcesses,
  refOf,
  signalProcess,
  treeOf,
} from '../../../src/job/process-sandbox/process-table.ts';

describe.runIf(process.platform === 'linux')('the process table', () => {
  it('reads a process whose name looks like the fields behind it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'glovebox-table-'));
    const file = join(folder, 'a) Z 1 (b');
    copyFileSync('/bin/sleep', file);
    chmodSync(file, 0o755);
    const child = spawn(file, ['600']);
    try {
      await once(child, 'spawn');
      expect(readProcess(child.pid ?? 0)).toMatchObject({ parent: process.pid });
      expect(isGone(refOf(child.pid ?? 0))).toBe(false);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
      rmSync(folder, { recursive: true });
    }
  });

  it('knows a later process of the same number from an earlier one', () => {
    const self = refOf(process.pid);
    expect(isGone(self)).toBe(false);
    expect(isGone({ ...self, startTime: (self.startTime ?? 0) - 1 })).toBe(true);
    expect(signalProcess({ ...self, startTime: (self.startTime ?? 0) - 1 }, 'SIGKILL')).toBe(false);
  });

  it('finds a tree by parenthood, and by process group those whose parent is gone', async () => {
    const shell = 'sh -c "sleep 600 & exec sleep 600" & (sleep 601 &) ; wait';
    const child = spawn('/bin/sh', ['-c', shell], { detached: true });
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    const names = () => treeOf(readProcesses(), pid).length;
    while (names() < 4) await new Promise((resolve) => setImmediate(resolve));
    expect(treeOf(readProcesses(), pid).map((row) => row.group)).toEqual([pid, pid, pid, pid]);
    process.kill(-pid, 'SIGKILL');
    await once(child, 'exit');
    while (names() > 0) await new Promise((resolve) => setImmediate(resolve));
  });
});
