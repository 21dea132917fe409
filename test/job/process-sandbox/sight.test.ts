import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  attack,
  bubblewrapWorks,
  bwrapPath,
  ended,
  isolations,
  jobSpec,
  openTestSandbox,
  seenBy,
  type TestSandbox,
  TOKENS,
} from '../../fixtures/process-sandbox.ts';

const CANARY = 'canary-1f0c9d2e-in-our-environment';

let test: TestSandbox;
beforeAll(async () => {
  test = await openTestSandbox();
  writeFileSync(join(test.folder, 'keys.json'), 'the key of another program', { mode: 0o644 });
});
afterAll(() => test.close());
afterEach(() => {
  delete process.env['GLOVEBOX_TEST_CANARY'];
});

describe.runIf(bubblewrapWorks)('inside bubblewrap nothing of the host is in sight', () => {
  it('INC-05: no process shows our environment or our arguments', async () => {
    process.env['GLOVEBOX_TEST_CANARY'] = CANARY;
    const { stdout } = await attack(test, 'bubblewrap', {
      shell:
        'for p in /proc/[0-9]*; do tr "\\0" "\\n" <$p/environ; tr "\\0" " " <$p/cmdline; echo; done; wc -c </proc/1/environ',
    });
    expect(stdout).not.toContain(CANARY);
    expect(stdout).not.toContain(test.folder);
    expect(stdout).toContain('/opt/glovebox/runner.mjs');
    expect(stdout.trim().split('\n').at(-1)?.trim()).toBe('0');
  });

  it('INC-05, without the control: --clearenv alone leaves our environment to read in /proc/1', () => {
    const args = ['--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc', '--clearenv'];
    const { stdout } = spawnSync(bwrapPath ?? '', [...args, '/bin/cat', '/proc/1/environ'], {
      env: { SECRET: CANARY },
      encoding: 'utf8',
    });
    expect(stdout).toContain(CANARY);
  });

  it('only its own processes exist', async () => {
    const { stdout } = await attack(test, 'bubblewrap', {
      shell: 'ls -d /proc/[0-9]* | wc -l; kill -0 2>&1; ls /sys',
    });
    expect(Number(stdout.trim().split('\n')[0])).toBeLessThan(8);
  });

  it('home folders, other files and our own state are not there', async () => {
    const paths = [
      homedir(),
      '/root',
      join(test.folder, 'keys.json'),
      test.options.folder,
      '/etc/shadow',
      '/var/lib',
    ];
    const { stdout } = await attack(test, 'bubblewrap', {
      shell: `for p in ${paths.join(' ')}; do ls -d "$p" 2>/dev/null; done; ls /home; ls -A /root /var /opt 2>/dev/null`,
    });
    expect(stdout).toBe('agent\n/opt:\nglovebox\n');
  });

  it('a link to a host path leads nowhere (INC-09)', async () => {
    const { stdout } = await attack(test, 'bubblewrap', {
      shell: `ln -s ${join(test.folder, 'keys.json')} key; cat key; ln -s /proc/1/root/../../.. up; ls -d up/root up/work up/var 2>/dev/null; echo end`,
    });
    expect(stdout).not.toContain('the key');
    expect(stdout).toBe('end\n');
  });

  it("another job's folders are not there, and nothing of its output", async () => {
    const other = await attack(test, 'bubblewrap', {
      shell: 'echo the other work > /workspace/repo/other.txt',
    });
    const { stdout } = await attack(test, 'bubblewrap', {
      shell:
        'find / -xdev -name other.txt 2>/dev/null; find / -path /proc -prune -o -name seen.jsonl -print 2>/dev/null',
    });
    expect(other.job.phases[0]?.reason).toBe('completed');
    expect(stdout).toBe('/workspace/repo/seen.jsonl\n');
  });

  it('the host name is not the machine’s', async () => {
    expect((await attack(test, 'bubblewrap', { shell: 'uname -n' })).stdout).toBe('sandbox\n');
  });
});

describe('without isolation the same attacks succeed (counter-test)', () => {
  it('reads another program’s file, our state and another job', async () => {
    const other = jobSpec(
      'none',
      { work: { shell: 'echo the other work > other.txt' } },
      { phases: ['work'] },
    );
    await test.sandbox.launch(other, TOKENS);
    await ended(test.sandbox, other.name);
    const { stdout } = await attack(test, 'none', {
      shell: `cat ${join(test.folder, 'keys.json')}; find ${test.options.folder} -name other.txt -exec cat {} +`,
    });
    expect(stdout).toContain('the key of another program');
    expect(stdout).toContain('the other work');
  });
});

describe.each(isolations)('the environment with isolation %s', (isolation) => {
  it('INC-02: holds nothing of ours', async () => {
    process.env['GLOVEBOX_TEST_CANARY'] = CANARY;
    const { seen } = await attack(test, isolation, {});
    const env = seen[0]?.['env'];
    expect(JSON.stringify(env)).not.toContain(CANARY);
    expect(
      Object.keys(Object(env))
        .filter((name) => name !== 'GLOVEBOX_SANDBOX')
        .toSorted(),
    ).toEqual(['HOME', 'LANG', 'PATH', 'PWD', 'TMPDIR'].filter((name) => name in Object(env)));
  });
});

it('INC-02, without the control: a child gets our whole environment', () => {
  process.env['GLOVEBOX_TEST_CANARY'] = CANARY;
  expect(spawnSync('/usr/bin/env', { encoding: 'utf8' }).stdout).toContain(CANARY);
});

describe.each(isolations)('tokens with isolation %s', (isolation) => {
  it('an earlier phase’s token is gone from everything that a later one can read', async () => {
    const find = 'grep -rls "token[-]fetch" / --include=token --exclude-dir=proc';
    const roots = isolation === 'bubblewrap' ? find : find.replace(' / ', ` ${test.options.folder} `);
    const spec = jobSpec(isolation, { work: { shell: `${roots}; true` } }, { phases: ['fetch', 'work'] });
    await test.sandbox.launch(spec, TOKENS);
    await ended(test.sandbox, spec.name);
    const seen = seenBy(test, spec.name);
    expect(seen.find(({ event }) => event === 'shell')).toMatchObject({ stdout: '' });
    expect(seen.find(({ phase, event }) => phase === 'work' && event === 'begin')).toMatchObject({
      token: 'token-work',
    });
  });
});

describe('the token of deliver', () => {
  const readToken = (path: string) => ({ waitFor: 'SEALED/here', shell: `cat ${path} 2>/dev/null; true` });

  it.runIf(bubblewrapWorks)('cannot be read by verify beside it, which has none', async () => {
    const spec = jobSpec(
      'bubblewrap',
      {
        verify: {
          shell: 'grep -rs "token[-]deliver" /run /tmp /home /proc/[0-9]*/environ; ls /run; ls /run/phase',
        },
        deliver: { write: 'SEALED/here', waitFor: 'RESULTS/seen.jsonl' },
      },
      { phases: ['verify', 'deliver'], kind: 'verify' },
    );
    await test.sandbox.launch(spec, TOKENS);
    await ended(test.sandbox, spec.name);
    const seen = seenBy(test, spec.name);
    expect(seen.find(({ event }) => event === 'shell')).toMatchObject({ stdout: 'phase\nlayout.json\n' });
    expect(seen.find(({ phase }) => phase === 'verify')).toMatchObject({ token: null });
    expect(seen.find(({ phase }) => phase === 'deliver')).toMatchObject({ token: 'token-deliver' });
  });

  it('without isolation verify reads it (counter-test)', async () => {
    const spec = jobSpec(
      'none',
      {
        verify: {
          shell: `cat ${test.options.folder}/lives/*/jobs/*/phases/deliver/token`,
          write: 'RESULTS/read',
        },
        deliver: { ...readToken('/dev/null'), waitFor: 'RESULTS/read' },
      },
      { phases: ['verify', 'deliver'], kind: 'verify' },
    );
    await test.sandbox.launch(spec, TOKENS);
    await ended(test.sandbox, spec.name);
    expect(seenBy(test, spec.name).find(({ event }) => event === 'shell')).toMatchObject({
      stdout: 'token-deliver',
    });
  });
});
