import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listenOnSocket } from '../../../src/gateway/listen-on-socket.ts';
import type { Phase } from '../../../src/result/contract/phase-spec.ts';
import {
  attack,
  bubblewrapWorks,
  bwrapPath,
  openTestSandbox,
  type TestSandbox,
} from '../../fixtures/process-sandbox.ts';

const isRoot = process.getuid?.() === 0;

let test: TestSandbox;
beforeAll(async () => {
  test = await openTestSandbox();
});
afterAll(() => test.close());

const PLACES = [
  '/source',
  '/workspace/repo',
  '/prepared',
  '/workspace',
  '/results',
  '/sealed',
  '/home/agent',
] as const;

describe.runIf(bubblewrapWorks)('what a phase can write', () => {
  it.each<readonly [Phase, readonly (typeof PLACES)[number][]]>([
    ['fetch', ['/source', '/home/agent']],
    ['setup', ['/workspace/repo', '/home/agent']],
    ['work', ['/workspace/repo', '/home/agent']],
    ['verify', ['/workspace', '/results', '/home/agent']],
    ['deliver', ['/sealed', '/home/agent']],
  ])('%s writes its own volumes and no other', async (phase, own) => {
    const shell = `for p in ${PLACES.join(' ')}; do touch $p/written 2>/dev/null && echo $p; done`;
    const { stdout } = await attack(test, 'bubblewrap', { shell }, { phases: [phase] });
    expect(stdout.trim().split('\n').toSorted()).toEqual([...own].toSorted());
  });

  it('nothing of ours and nothing of the system', async () => {
    const paths = [
      '/',
      '/usr',
      '/etc',
      '/etc/passwd',
      '/opt/glovebox',
      '/opt/glovebox/node',
      '/opt/glovebox/runner.mjs',
    ];
    const own = [
      '/run',
      '/run/phase/layout.json',
      '/run/phase/token',
      '/run/glovebox',
      '/home',
      '/dev',
      '/proc/sys/kernel',
    ];
    const { stdout } = await attack(test, 'bubblewrap', {
      shell: `for p in ${[...paths, ...own].join(' ')}; do
        [ -d $p ] && touch $p/written 2>/dev/null && echo "$p/written"
        [ -f $p ] && (echo x >>$p) 2>/dev/null && echo "$p"
        mv $p $p.moved 2>/dev/null && echo "$p moved"
      done; true`,
    });
    expect(stdout).toBe('');
  });
});

describe.runIf(bubblewrapWorks)('inside bubblewrap no wall can be moved', () => {
  it.each([
    ['a read-only bind remounted', 'mount -o remount,bind,rw /usr'],
    ['a tmpfs mounted', 'mount -t tmpfs none /tmp'],
    ['a bind mounted', 'mount --bind /tmp /home/agent'],
    ['a nested user namespace', 'unshare --user true'],
    ['a nested user namespace of perl', `perl -e 'exit(syscall(272, 0x10000000) == 0 ? 0 : 1)'`],
    ['another namespace entered', 'nsenter --target 1 --mount true'],
    ['another root', 'chroot / true'],
    ['the first process traced', 'head -c 1 /proc/1/mem'],
    ['a device made', 'mknod /tmp/disk b 254 0'],
    ['the kernel’s settings written', 'echo 1 > /proc/sys/kernel/core_uses_pid'],
    ['the kernel’s log', 'dmesg'],
    ['another user', 'setpriv --reuid 0 true'],
    ['a better priority of survival', 'choom -n -500 -p $$'],
    ['a higher limit', 'prlimit --nproc=100000 true'],
  ])('%s is refused', async (_what, command) => {
    const { stdout } = await attack(test, 'bubblewrap', { shell: `(${command}) >/dev/null 2>&1; echo $?` });
    expect(Number(stdout.trim())).toBeGreaterThan(0);
  });

  it('no capability is left, and none can be gained', async () => {
    const { stdout } = await attack(test, 'bubblewrap', {
      shell: 'grep -E "^(Cap|NoNewPrivs|Seccomp:)" /proc/self/status',
    });
    const facts = Object.fromEntries(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(':\t')),
    );
    const none = '0000000000000000';
    expect(facts).toEqual({
      ...{ CapInh: none, CapPrm: none, CapEff: none, CapBnd: none, CapAmb: none },
      ...{ NoNewPrivs: '1', Seccomp: '2' },
    });
  });

  it('the runner has no other open file than its own three', async () => {
    const { stdout } = await attack(test, 'bubblewrap', {
      shell:
        'for f in /proc/$PPID/fd/*; do readlink $f; done | grep -v -E "^(anon_inode|pipe|socket|/dev/null|/proc)"; true',
    });
    expect(stdout).toBe('');
  });

  it.runIf(isRoot)('files that it made belong to its own host uid, not to us', async () => {
    const { job } = await attack(test, 'bubblewrap', { shell: 'echo x > made' });
    expect(ownerOf(test, job.name, 'made')).toMatch(/^2\d{4}:2\d{4}$/);
  });
});

describe.runIf(bubblewrapWorks && isRoot)(
  'as root with state in a folder that is closed to other users',
  () => {
    it('phases still run as their own uid, reach the gateway and end without survivors', async () => {
      const closed = mkdtempSync(join(tmpdir(), 'glovebox-closed-'));
      const gatewaySocket = join(closed, 'gateway', 'gateway.sock');
      const own = await openTestSandbox({ folder: join(closed, 'state'), gatewaySocket });
      try {
        expect(own.sandbox.bubblewrapProblem()).toBeNull();
        const gateway = createServer((_request, response) => response.end('gateway'));
        await listenOnSocket(gateway, gatewaySocket);
        const module = `
        import { connect } from 'node:net';
        export default (layout) => new Promise((resolve) => connect(layout.gateway.socketPath)
          .on('data', (data) => resolve(String(data).split('\\r\\n').at(-1))).end('GET / HTTP/1.0\\r\\n\\r\\n').on('error', (error) => resolve(error.code)));`;
        const shell = 'echo x > made; ls -d /mnt/* 2>/dev/null; tr "\\0" "\\n" </proc/1/environ';
        const { value, stdout, job } = await attack(own, 'bubblewrap', { module, shell });
        gateway.close();
        expect(value).toBe('gateway');
        expect(stdout).toBe('PWD=/\n');
        expect(ownerOf(own, job.name, 'made')).toMatch(/^2\d{4}:2\d{4}$/);
      } finally {
        await own.close();
        rmSync(closed, { recursive: true });
      }
    });
  },
);

describe.runIf(bubblewrapWorks)('without the controls the walls move (counter-tests)', () => {
  const bwrap = (args: readonly string[], shell: string, user: { uid?: number; gid?: number } = {}) =>
    spawnSync(bwrapPath ?? '', [...args, '/bin/sh', '-c', shell], { encoding: 'utf8', ...user });

  it.runIf(isRoot)("as root without a uid of its own a sandbox reads and writes root's files", () => {
    const folder = mkdtempSync(join(tmpdir(), 'glovebox-root-'));
    try {
      const file = join(folder, 'file');
      writeFileSync(file, 'ours', { mode: 0o600 });
      chmodSync(folder, 0o755);
      const args = ['--unshare-all', '--ro-bind', '/', '/', '--bind', folder, folder, '--cap-drop', 'ALL'];
      const shell = `cat ${file}; echo theirs > ${file}`;
      expect(bwrap(args, shell, { uid: 20_000, gid: 20_000 }).stdout).toBe('');
      expect(readFileSync(file, 'utf8')).toBe('ours');
      expect(bwrap(args, shell).stdout).toBe('ours');
      expect(readFileSync(file, 'utf8')).toBe('theirs\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.runIf(isRoot)('as root without --cap-drop a read-only bind is undone and the host written', () => {
    const folder = mkdtempSync(join(tmpdir(), 'glovebox-walls-'));
    try {
      const file = join(folder, 'file');
      writeFileSync(file, 'ours');
      const args = ['--unshare-all', '--ro-bind', '/', '/', '--dev', '/dev', '--ro-bind', folder, folder];
      const shell = `mount -o remount,bind,rw ${folder}; echo theirs > ${file}`;
      bwrap([...args, '--cap-drop', 'ALL'], shell);
      expect(readFileSync(file, 'utf8')).toBe('ours');
      bwrap(args, shell);
      expect(readFileSync(file, 'utf8')).toBe('theirs\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('without --disable-userns a nested user namespace is made', () => {
    const args = [
      '--unshare-all',
      '--unshare-user',
      '--ro-bind',
      '/',
      '/',
      '--dev',
      '/dev',
      '--cap-drop',
      'ALL',
    ];
    expect(bwrap(args, 'unshare --user true').status).toBe(0);
    expect(bwrap([...args, '--disable-userns'], 'unshare --user true').status).not.toBe(0);
  });
});

describe('shared memory', () => {
  const leave = { setup: { shell: 'echo left > /dev/shm/glovebox-left; echo left > /tmp/glovebox-left' } };
  const look = { work: { shell: 'cat /dev/shm/glovebox-left /tmp/glovebox-left 2>/dev/null; true' } };

  it.runIf(bubblewrapWorks)('carries nothing from one phase to the next, and /tmp neither', async () => {
    const { stdout } = await attackBoth('bubblewrap');
    expect(stdout).toBe('');
  });

  it('does so without isolation (counter-test)', async () => {
    const { stdout } = await attackBoth('none');
    expect(stdout).toBe('left\nleft\n');
    for (const folder of ['/dev/shm', '/tmp']) rmSync(join(folder, 'glovebox-left'));
  });

  const attackBoth = (isolation: 'bubblewrap' | 'none') =>
    attack(
      test,
      isolation,
      {},
      {
        phases: ['setup', 'work'],
        toolEnv: { SCRIPT: JSON.stringify({ ...leave, ...look }) },
      },
    ).then(({ seen }) => ({
      stdout: String(seen.find(({ phase, event }) => phase === 'work' && event === 'shell')?.['stdout']),
    }));
});

/** `uid:gid` of the one file of that name that a job made. */
function ownerOf(one: TestSandbox, job: string, name: string): string {
  const args = [one.options.folder, '-path', `*${job}*`, '-name', name, '-printf', '%U:%G'];
  return spawnSync('find', args, { encoding: 'utf8' }).stdout;
}
