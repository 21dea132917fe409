import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deleteTree, jobFolders } from '../../../../src/job/process-sandbox/job-folders.ts';
import type { PhaseCommand, Tree } from '../../../../src/job/process-sandbox/options.ts';
import { startPlain } from '../../../../src/job/process-sandbox/plain/start-plain.ts';
import { systemClock } from '../../../../src/shared/clock.ts';
import { eventually, jobSpec, processesWith } from '../../../fixtures/process-sandbox.ts';

let folder: string;
let marker: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'glovebox-plain-'));
  marker = `glovebox-plain-${randomBytes(6).toString('hex')}`;
});
afterEach(() => deleteTree(folder));

/** Starts `shell` as on a machine without pid namespaces, such as a Mac or a hardened container. */
function start(shell: string): Tree {
  const command: PhaseCommand = {
    phase: 'work',
    limits: jobSpec('none', {}).limits,
    user: null,
    folders: jobFolders(folder),
    toolEnv: {},
    admit: () => undefined,
  };
  const tree = startPlain({ pidNamespace: null, clock: systemClock }, command, {
    argv: ['/bin/sh', '-c', shell],
    place: { marker, home: folder, tmp: folder },
  });
  if ('failed' in tree) throw new Error(tree.failed);
  tree.stdout.resume();
  tree.stderr.resume();
  return tree;
}

describe('without a pid namespace', () => {
  it.each([
    ['in its process group', 'sh -c "sleep 600; : MARK" &'],
    ['in a session of its own', 'setsid sh -c "trap \'\' TERM; sleep 600; : MARK" &'],
    ['with closed files, twice forked', '(setsid sh -c "exec <&- >&- 2>&-; sleep 600; : MARK" &);'],
  ])('a process that was left %s is killed once the runner has ended', async (_where, shell) => {
    const tree = start(`${shell.replace('MARK', marker)} sleep 0.2`);
    expect(await tree.ended).toMatchObject({ started: true, exitCode: 0 });
    expect(processesWith(marker)).toEqual([]);
  });

  it('a kill ends all of them', async () => {
    const tree = start(`setsid sh -c "trap '' TERM; sleep 600; : ${marker}" & sleep 600`);
    await eventually(() => processesWith(marker).length >= 2, 5_000);
    tree.kill();
    await tree.ended;
    expect(processesWith(marker)).toEqual([]);
  });

  it('SIGTERM goes to the runner alone', async () => {
    const tree = start(`trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done`);
    await new Promise((resolve) => tree.stdout.once('data', resolve));
    expect(tree.terminate()).toBe(true);
    expect(await tree.ended).toMatchObject({ exitCode: 7 });
  });

  it('a process that also cleared its environment escapes: that is why it is said', async () => {
    const tree = start(`env -i /usr/bin/setsid /bin/sh -c "sleep 600; : ${marker}" & sleep 0.2`);
    await tree.ended;
    const left = processesWith(marker);
    expect(left.length).toBeGreaterThan(0);
    for (const pid of left) process.kill(pid, 'SIGKILL');
    await eventually(() => processesWith(marker).length === 0, 5_000);
  });
});
